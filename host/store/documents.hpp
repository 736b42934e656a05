#pragma once

#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

/// A JSON document of a plugin. `revision` counts its changes from 1.
struct Document {
    std::string key;
    std::uint64_t revision = 0;
    std::string json;
};

/// Several changes in one transaction; see weir_store.apply for the JSON.
struct Changes {
    struct Put {
        std::string collection, key, json;
        std::uint64_t if_revision = ~std::uint64_t{0};  ///< Documents::any_revision
    };
    struct Delete {
        std::string collection, key;
    };
    struct Publish {
        std::string topic, dedupe_key, data;  ///< an empty key: never a repetition
    };
    std::vector<Put> puts = {};
    std::vector<Delete> deletes = {};
    std::vector<std::string> drops = {};  ///< topics: what is queued on them, before `events`
    std::vector<Publish> events = {};
};

/// The documents of plugins, a namespace (`owner`) each. E_DATA for what is no document:
/// "store.not_json", "store.too_large", "store.name".
class Documents {
public:
    static constexpr std::uint64_t any_revision = std::numeric_limits<std::uint64_t>::max();
    static constexpr std::size_t json_bytes_max = 1u << 20, name_bytes_max = 255;
    static constexpr std::size_t list_max = 1'000;  ///< of one list(), whatever its limit
    static constexpr std::size_t changes_max = 100'000;

    explicit Documents(Store& store) : store_{store} {}

    Result<std::optional<Document>> get(std::string const& owner, std::string const& collection,
                                        std::string const& key);
    /// Answers the new revision. E_CONFLICT "store.conflict" unless the stored one is
    /// `if_revision` (0: none there; any_revision: whatever is there).
    Result<std::uint64_t> put(std::string const& owner, std::string const& collection,
                              std::string const& key, std::string const& json,
                              std::uint64_t if_revision);
    /// E_NOT_FOUND, E_CONFLICT.
    Result<void> remove(std::string const& owner, std::string const& collection,
                        std::string const& key, std::uint64_t if_revision);
    /// In byte order of the keys, behind `after`.
    Result<std::vector<Document>> list(std::string const& owner, std::string const& collection,
                                       std::string const& prefix, std::string const& after,
                                       std::uint32_t limit);
    /// All or none. Whether what is put and published is JSON is not looked at again: who takes it
    /// from a plugin has. Deleting what is not there changes nothing; events that were published
    /// before are left out. Who follows Topics::on_dropped has heard of every drop when this
    /// returns. Answers how many events are new.
    Result<std::size_t> apply(std::string const& owner, Changes const& changes);

private:
    Store& store_;
};

}  // namespace weir::host
