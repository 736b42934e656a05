#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "../host.h"
#include "call.hpp"
#include "collected.hpp"
#include "json.hpp"

namespace weir {

/// A document as the store has it. `revision` counts its changes from 1.
struct Document {
    std::string key;
    Json json;
    std::uint64_t revision = 0;
};

/// Changes that happen together or not at all; see weir_store.apply.
class Changes {
public:
    /// All of it fails with E_CONFLICT unless the document is at `if_revision`, see Store.
    Changes& put(std::string collection, std::string key, Json value,
                 std::uint64_t if_revision = WEIR_REVISION_ANY) {
        json_["put"].push_back({{"collection", std::move(collection)},
                                {"key", std::move(key)},
                                {"value", std::move(value)}});
        if (if_revision != WEIR_REVISION_ANY) json_["put"].back()["if_revision"] = if_revision;
        return *this;
    }
    Changes& del(std::string collection, std::string key) {
        json_["del"].push_back({{"collection", std::move(collection)}, {"key", std::move(key)}});
        return *this;
    }
    /// Drops what is queued on `topic`, which is of a service that the plugin provides. A delivery
    /// that is handed out already ends undisturbed; what publish() adds here is kept.
    Changes& drop(std::string topic) {
        json_["drop"].push_back({{"topic", std::move(topic)}});
        return *this;
    }
    /// An event on a durable topic. One with this topic and key that was published before is left
    /// out; an empty key: never.
    Changes& publish(std::string topic, std::string dedupe_key, Json data) {
        Json event{{"topic", std::move(topic)}, {"data", std::move(data)}};
        if (!dedupe_key.empty()) event["dedupe_key"] = std::move(dedupe_key);
        json_["publish"].push_back(std::move(event));
        return *this;
    }
    bool empty() const { return json_.empty(); }
    Json const& json() const { return json_; }

private:
    Json json_ = Json::object();
};

/// "weir.store/1": documents with revisions, the plugin's own. Every call is atomic, and durable
/// when it returns; failures throw Error. Blocking; thread-safe; valid as long as the instance.
class Store {
public:
    /// For `if_revision`: whatever is there; and: nothing may be there.
    static constexpr std::uint64_t any = WEIR_REVISION_ANY, absent = 0;

    Store(weir_host const* host, weir_store const* table) : host_{host}, table_{table} {}

    std::optional<Document> get(Call const& call, std::string const& collection,
                                std::string const& key) const {
        detail::Collected text;
        Document found{key, {}, 0};
        try {
            detail::asked([&](weir_error* error) {
                return table_->get(host_, call.abi(), collection.c_str(), key.c_str(), text.abi(),
                                   &found.revision, error);
            });
        } catch (Error const& error) {
            if (error.status == WEIR_E_NOT_FOUND) return std::nullopt;
            throw;
        }
        found.json = detail::parse_json(text.text(), "a stored document");
        return found;
    }
    /// Answers the new revision. E_CONFLICT unless the document is at `if_revision`.
    std::uint64_t put(Call const& call, std::string const& collection, std::string const& key,
                      Json const& value, std::uint64_t if_revision = any) const {
        std::string const text = value.dump();
        std::uint64_t revision = 0;
        detail::asked([&](weir_error* error) {
            return table_->put(host_, call.abi(), collection.c_str(), key.c_str(), text.c_str(),
                               if_revision, &revision, error);
        });
        return revision;
    }
    /// False: there was none. E_CONFLICT unless the document is at `if_revision`.
    bool del(Call const& call, std::string const& collection, std::string const& key,
             std::uint64_t if_revision = any) const {
        try {
            detail::asked([&](weir_error* error) {
                return table_->del(host_, call.abi(), collection.c_str(), key.c_str(), if_revision,
                                   error);
            });
            return true;
        } catch (Error const& error) {
            if (error.status == WEIR_E_NOT_FOUND) return false;
            throw;
        }
    }
    /// In byte order of the keys, at most `limit` that begin with `prefix` and lie behind `after`.
    std::vector<Document> list(Call const& call, std::string const& collection,
                               std::string const& prefix = {}, std::string const& after = {},
                               std::uint32_t limit = 1'000) const {
        std::vector<Document> found;
        weir_docs const docs{
            sizeof docs, 0, &found,
            [](void* into, char const* key, std::uint64_t revision, char const* json) {
                return detail::barrier(nullptr, [&] {
                    Json value = detail::parse_json(json, "a stored document");
                    static_cast<std::vector<Document>*>(into)->push_back(
                        {key, std::move(value), revision});
                    return WEIR_OK;
                });
            }};
        detail::asked([&](weir_error* error) {
            return table_->list(host_, call.abi(), collection.c_str(), prefix.c_str(),
                                after.empty() ? nullptr : after.c_str(), limit, &docs, error);
        });
        return found;
    }
    void apply(Call const& call, Changes const& changes) const {
        std::string const text = changes.json().dump();
        detail::asked([&](weir_error* error) {
            return table_->apply(host_, call.abi(), text.c_str(), error);
        });
    }

private:
    weir_host const* host_;
    weir_store const* table_;
};

}  // namespace weir
