#include "host/serve/offered.hpp"

namespace weir::host {

Result<std::optional<StoreService::Document>> OfferedStore::get(std::string const& owner,
                                                                std::string const& collection,
                                                                std::string const& key) {
    auto found = documents_.get(owner, collection, key);
    if (!found) return found.error();
    if (!*found) return std::optional<Document>{};
    return std::optional{Document{(*found)->key, (*found)->revision, std::move((*found)->json)}};
}

Result<std::uint64_t> OfferedStore::put(std::string const& owner, std::string const& collection,
                                        std::string const& key, std::string const& json,
                                        std::uint64_t if_revision) {
    return documents_.put(owner, collection, key, json, if_revision);
}

Result<void> OfferedStore::remove(std::string const& owner, std::string const& collection,
                                  std::string const& key, std::uint64_t if_revision) {
    return documents_.remove(owner, collection, key, if_revision);
}

Result<std::vector<StoreService::Document>> OfferedStore::list(std::string const& owner,
                                                               std::string const& collection,
                                                               std::string const& prefix,
                                                               std::string const& after,
                                                               std::uint32_t limit) {
    auto found = documents_.list(owner, collection, prefix, after, limit);
    if (!found) return found.error();
    std::vector<Document> all;
    all.reserve(found->size());
    for (auto& each : *found)
        all.push_back({std::move(each.key), each.revision, std::move(each.json)});
    return all;
}

Result<void> OfferedStore::apply(std::string const& owner, Changes const& changes) {
    weir::host::Changes out;
    for (auto const& put : changes.puts)
        out.puts.push_back({put.collection, put.key, put.json, put.if_revision});
    for (auto const& gone : changes.deletes) out.deletes.push_back({gone.collection, gone.key});
    out.drops = changes.drops;
    for (auto const& event : changes.events)
        out.events.push_back({event.topic, event.dedupe_key, event.data});
    auto done = documents_.apply(owner, out);
    if (!done) return done.error();
    return {};
}

}  // namespace weir::host
