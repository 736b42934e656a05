#include "host/store/answers.hpp"

#include <tuple>

#include "host/store/session.hpp"

namespace weir::host {

namespace {

constexpr std::int64_t hour_us = 3'600'000'000;

}  // namespace

Result<std::optional<KeptAnswer>> KeptAnswers::find(std::string const& principal,
                                                    std::string const& key) {
    std::optional<KeptAnswer> found;
    std::int64_t const since = store_.clock().unix_us() - hours_max * hour_us;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto row = session.row<std::string, std::int64_t, std::string, std::string, std::string>(
            "SELECT fingerprint, status, headers, content_type, body FROM weir_idempotency WHERE "
            "principal = ?1 AND key = ?2 AND at > ?3",
            principal, key, since);
        if (row)
            found = KeptAnswer{std::get<0>(*row), static_cast<unsigned>(std::get<1>(*row)),
                               std::get<2>(*row), std::get<3>(*row), std::get<4>(*row)};
        return {};
    });
    if (!done) return done.error();
    return found;
}

Result<void> KeptAnswers::put(std::string const& principal, std::string const& key,
                              KeptAnswer const& answer) {
    std::int64_t const now = store_.clock().unix_us(), status = answer.status;
    return store_.write([&](Session& session) -> Result<void> {
        session.run(
            "INSERT OR REPLACE INTO weir_idempotency(principal, key, fingerprint, status, headers, "
            "content_type, body, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            principal, key, answer.fingerprint, status, answer.headers, answer.content_type,
            answer.body, now);
        return {};
    });
}

Result<void> KeptAnswers::retain() {
    std::int64_t const since = store_.clock().unix_us() - hours_max * hour_us;
    return store_.write([&](Session& session) -> Result<void> {
        std::int64_t const most = answers_max;
        session.run("DELETE FROM weir_idempotency WHERE at <= ?1", since);
        session.run(
            "DELETE FROM weir_idempotency WHERE at < (SELECT at FROM weir_idempotency ORDER BY at "
            "DESC LIMIT 1 OFFSET ?1)",
            most);
        return {};
    });
}

}  // namespace weir::host
