#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "host/store/store.hpp"

namespace weir::host {

/// A token as it is kept: everything but the token.
struct TokenRow {
    std::string id, name, sha256, scope, jobs;  ///< jobs: a filter; empty: all
    std::int64_t created_us = 0;
    std::string created_by;
    std::int64_t expires_us = 0, used_us = 0;  ///< 0: never
};

/// The table of tokens. Thread-safe; durable on return.
class TokenRows {
public:
    static constexpr std::size_t tokens_max = 10'000;

    explicit TokenRows(Store& store) : store_{store} {}

    Result<std::vector<TokenRow>> all();
    /// E_CONFLICT "token.too_many".
    Result<void> add(TokenRow const& row);
    /// E_NOT_FOUND "token.not_found".
    Result<void> remove(std::string const& id);
    /// When each was used last.
    Result<void> used(std::vector<std::pair<std::string, std::int64_t>> const& when);

private:
    Store& store_;
};

}  // namespace weir::host
