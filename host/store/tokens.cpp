#include "host/store/tokens.hpp"

#include <fmt/format.h>

#include "host/store/session.hpp"

namespace weir::host {

Result<std::vector<TokenRow>> TokenRows::all() {
    std::vector<TokenRow> rows;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        rows.clear();
        TokenRow row;
        Query query{session,
                    "SELECT id, name, sha256, scope, jobs, created_at, created_by, expires_at, "
                    "used_at FROM weir_token ORDER BY id"};
        query.into(row.id, row.name, row.sha256, row.scope, row.jobs, row.created_us,
                   row.created_by, row.expires_us, row.used_us);
        while (query.next()) rows.push_back(row);
        return {};
    });
    if (!done) return done.error();
    return rows;
}

Result<void> TokenRows::add(TokenRow const& row) {
    return store_.write([&](Session& session) -> Result<void> {
        auto const count = session.value<std::int64_t>("SELECT count(*) FROM weir_token");
        if (count && *count >= std::int64_t{tokens_max})
            return Error{WEIR_E_CONFLICT, "token.too_many",
                         fmt::format("there are {} tokens already: revoke some", tokens_max)};
        session.run(
            "INSERT INTO weir_token(id, name, sha256, scope, jobs, created_at, created_by, "
            "expires_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
            row.id, row.name, row.sha256, row.scope, row.jobs, row.created_us, row.created_by,
            row.expires_us, row.used_us);
        return {};
    });
}

Result<void> TokenRows::remove(std::string const& id) {
    return store_.write([&](Session& session) -> Result<void> {
        if (session.run("DELETE FROM weir_token WHERE id = ?1", id) > 0) return {};
        return Error{WEIR_E_NOT_FOUND, "token.not_found", fmt::format("there is no token {}", id)};
    });
}

Result<void> TokenRows::used(std::vector<std::pair<std::string, std::int64_t>> const& when) {
    return store_.write([&](Session& session) -> Result<void> {
        for (auto const& [id, at_us] : when)
            session.run("UPDATE weir_token SET used_at = ?2 WHERE id = ?1", id, at_us);
        return {};
    });
}

}  // namespace weir::host
