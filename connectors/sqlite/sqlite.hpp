#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <weir/cpp/module.hpp>

#include "location.hpp"
#include "session.hpp"

namespace weir::sqlite {

/// The connector: one database file, to read or to write. Opens a connection per read, write or
/// question and keeps none.
class Sqlite : public Source, public Sink {
public:
    Sqlite(Host host, Config const& config) : host_{host}, location_{Location::of(config)} {}

    static constexpr bool sweeps = true;
    Json describe() const;
    void interrupt() noexcept;

    void discover(Call const& call, std::string_view pattern, Catalog& catalog) override;
    std::unique_ptr<Reader> open(Call const& call, Read const& read) override;

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields,
                     bool dry_run) override;
    std::unique_ptr<Writer> begin(Call const& call, Begin const& begin, std::uint64_t& epoch,
                                  std::string& cursor) override;
    std::string peek(Call const& call, Begin const& begin) override;

private:
    /// What the last peek() or begin() for a target said, for the prepare() that follows.
    struct Context {
        std::string owner, spec;
        Memory memory;
        std::weak_ptr<Session> session;
        bool reads_all = false;  ///< see FitRequest
    };
    /// Lets interrupt() reach a connection for as long as this lives.
    class Reach {
    public:
        Reach(Sqlite& sqlite, Database& db);
        ~Reach();
        Reach(Reach const&) = delete;
        Reach& operator=(Reach const&) = delete;

    private:
        Sqlite& sqlite_;
    };

    Prepared add_structure(Call const& call, Target const& target, bool dry_run);
    Prepared prepare_alone(Call const& call, Target const& target,
                           std::vector<FieldView> const& fields, bool dry_run,
                           Context const& context);
    Prepared apply(Database& db, FitRequest const& request, bool dry_run);
    bool exists() const;

    Host host_;
    Location location_;
    std::mutex reaching_;
    Database* reached_ = nullptr;
    std::map<std::string, Context> contexts_;  // by target; a copy has few
};

}  // namespace weir::sqlite
