#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "connectors.hpp"
#include "context.hpp"
#include "plan.hpp"
#include "secrets.hpp"

namespace weir::replication {

/// How a document is to be saved: only new, in place of the one there, or either without a word.
enum class Save { create, replace };

/// What came of saving: a new one, another one in its place, or nothing to do.
struct Saved {
    enum class How { created, replaced, unchanged } how = How::replaced;
    Json record;
    std::uint32_t status() const { return how == How::created ? 201 : 200; }
};

/// Who a document comes from.
struct Origin {
    std::string owner = "api";  ///< or "host", "job:ID": nobody else changes it
    std::string by;             ///< id of the token that made it; "": no token did
};

/// What saving would store: nothing when `saved` is unchanged.
struct Candidate {
    Saved saved;
    Json before;                 ///< the record there; null: none
    std::uint64_t revision = 0;  ///< of the record there
};

/// What a document may name: everything, as `admin` and the configuration file may; or no file of
/// the host outside of its file_roots, and no place that gets the secret of somebody else.
enum class Reach { all, narrow };

inline Reach reach_of(Http const& http) {
    return http.principal().scope == "admin" ? Reach::all : Reach::narrow;
}

/// Finds what of a connector's configuration is out of a narrow reach; what is as in `stored` was
/// written by somebody who could. `at`: where it stands.
void check_files(Call const& call, Context const& context, std::string const& connector,
                 Json const& config, Json const& stored, std::string const& at,
                 Findings& findings);

/// Records that are about to be stored together, by collection and id; null: it is about to go.
using Pending = std::map<std::pair<std::string, std::string>, Json>;

/// What of a record changes exactly when somebody changes the document, its secrets included.
inline Json content_of(Json const& record) {
    return {record["doc"], record.value("marks", Json())};
}

/// Connections, and the integrations they share configuration through.
///
/// A record is {"doc": as read_connection() answers it, with references for secrets, "marks":
/// {secret: hash}, "origin", "status", "error"?, "lastSyncAt"?, "createdAt", "updatedAt"}. Secrets
/// lie in weir.secrets/1 under `conn.<id>.<field>`, or `integ.<id>.<field>`. The connection `local`
/// is always there and in no store. Thread-safe.
class Connections {
public:
    static constexpr char connections[] = "connections", integrations[] = "integrations";
    static constexpr char local[] = "local";

    /// `pending` stands before what is stored; it outlives this.
    explicit Connections(Context const& context, Pending const* pending = nullptr)
        : context_{context}, pending_{pending} {}

    /// A connection's record. Throws E_NOT_FOUND with the nearest name.
    Json find(Call const& call, std::string const& id) const;
    bool exists(Call const& call, std::string const& id) const;
    /// Nothing: there is no such connection.
    std::optional<Json> look_for(Call const& call, std::string const& id) const {
        return id == local ? local_record() : look_for(call, connections, id);
    }
    Json find_integration(Call const& call, std::string const& id) const;
    /// All there are.
    std::vector<std::string> names(Call const& call, char const* collection) const;

    /// Looks at connector and configuration; `at` is where the document stands. What it finds it
    /// adds, and a secret that stays is known from the stored record.
    SplitConfig check(Call const& call, Connectors const& connectors, char const* collection,
                      Json const& doc, std::string const& at, Findings& findings,
                      Reach reach) const;
    /// Stores a document that was checked. Throws E_CONFLICT "replication.connection_exists" when
    /// another is there and `save` is create, or it belongs to another origin.
    /// `is_dry`: says what would come of it.
    Saved save(Call const& call, char const* collection, Json const& doc, SplitConfig const& split,
               Save save, Origin const& origin, bool is_dry = false) const;
    /// What save() would store. Throws as it does.
    Candidate candidate(Call const& call, char const* collection, Json const& doc,
                        SplitConfig const& split, Save save, Origin const& origin) const;
    /// With its secrets. False: there was none.
    bool remove(Call const& call, char const* collection, std::string const& id) const;

    /// What the host makes an instance of, over its integration's configuration.
    Endpoint endpoint(Call const& call, std::string const& id) const;
    /// For people: no secret.
    Json answer(Connectors const& connectors, Json const& record) const;
    /// The answer of connectors/1 check; its outcome is the connection's status from now on.
    Json try_out(Call const& call, std::string const& id) const;

private:
    Json local_record() const;
    std::optional<Json> look_for(Call const& call, char const* collection,
                                 std::string const& id) const;
    Json record_in(Call const& call, char const* collection, std::string const& id) const;
    std::string connector_of(Call const& call, Json const& doc) const;
    Json whole_config(Call const& call, Json const& doc) const;
    void check_kept(Call const& call, Json const& doc, Json const& stored, std::string const& place,
                    Findings& findings) const;

    Context const& context_;
    Pending const* pending_ = nullptr;
};

}  // namespace weir::replication
