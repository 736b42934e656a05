#pragma once

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/http/principal.hpp"
#include "host/http/tokens.hpp"
#include "host/store/tokens.hpp"

namespace weir::host {

/// The tokens of the store, in memory by their hashes: a request waits for no disk, and what was
/// revoked or has expired is none at the next one. Thread-safe.
class TokenBook {
public:
    explicit TokenBook(Store& store) : rows_{store}, clock_{store.clock()} {}

    Result<void> load();
    std::optional<http::Principal> find(std::string_view token);
    /// The principal of a token by its id, as long as it is valid.
    std::optional<http::Principal> by_id(std::string const& id);
    /// Whether it is valid; no use of it.
    bool is_valid(std::string const& id) const;

    struct Wish {
        std::string name;
        http::Scope scope = http::Scope::read;
        std::string jobs;           ///< empty: all
        std::int64_t ttl_s = 0;     ///< 0: for good
    };
    struct Made {
        std::string token;  ///< shown once
        TokenRow row;
    };
    /// E_AUTH "token.wider": more than `by` may, or for longer.
    Result<Made> add(Wish const& wish, http::Principal const& by);
    /// E_NOT_FOUND "token.not_found".
    Result<void> remove(std::string const& id);
    /// In the order they were made, behind `after`.
    std::vector<TokenRow> list(std::string const& after, std::size_t limit) const;
    std::optional<TokenRow> row(std::string const& id) const;
    /// Stores when tokens were used, to the minute; to be called now and then.
    void keep_uses();

private:
    struct Entry {
        TokenRow row;
        http::TokenHash hash{};
        bool is_used = false;  ///< since it was stored
    };
    using Entries = std::map<std::string, Entry>;  // by id

    std::optional<http::Principal> principal_of(Entry& entry);
    bool has_expired(TokenRow const& row) const;

    TokenRows rows_;
    Clock const& clock_;
    mutable std::mutex mutex_;
    Entries entries_;
    std::map<std::string, std::string> id_by_hash_;
};

}  // namespace weir::host
