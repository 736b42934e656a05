#include "host/serve/access.hpp"

#include <fmt/format.h>

namespace weir::host {

namespace {

/// Failed logins of an address that get a line each; beyond, a minute is one line.
constexpr std::int64_t told_per_minute = 10;
constexpr std::size_t addresses_max = 10'000;
constexpr std::int64_t minute_us = 60'000'000;

AuditRow failed_logins(std::string const& address, std::int64_t count) {
    AuditRow row;
    row.address = address;
    row.action = "login";
    row.object = "token";
    row.result = "401";
    if (count > 1) row.difference = nlohmann::json{{"times", count}}.dump();
    return row;
}

}  // namespace

Result<void> Access::open(http::AdminToken admin) {
    admin_.emplace(std::move(admin));
    return tokens_.load();
}

std::optional<http::Principal> Access::find(std::string_view token) const {
    if (auto owner = admin_->find(token)) return owner;
    return tokens_.find(token);
}

std::optional<http::Principal> Access::find_session(std::string_view cookie) const {
    std::optional<http::Principal> who = sessions_.find(cookie);
    if (!who || who->id == "admin") return who;
    // Signed in by a token: no longer than that is valid.
    std::optional<http::Principal> now = tokens_.by_id(who->id);
    if (now) now->session = who->session;
    return now;
}

bool Access::is_welcome(http::Principal const& who) const {
    if (!who.session.empty() && !sessions_.is_open(who.session)) return false;
    return who.id == "admin" || tokens_.is_valid(who.id);
}

Result<void> Access::revoke(std::string const& token_id) {
    Result<void> removed = tokens_.remove(token_id);
    ended_();
    return removed;
}

void Access::sign_out(std::string const& session) {
    sessions_.close(session);
    ended_();
}

// On the I/O thread, which waits for no disk: tend() writes what is counted here.
void Access::refused(std::string const& address) const {
    std::lock_guard const lock{mutex_};
    std::string const key = wrong_.size() < addresses_max || wrong_.contains(address) ? address
                                                                                      : "others";
    ++wrong_[key].summed;
}

Result<void> Access::note(http::AuditEntry const& entry) {
    AuditRow row;
    row.principal = entry.principal;
    row.address = entry.address;
    row.request_id = entry.request_id;
    row.action = entry.action;
    row.object = entry.object;
    row.result = entry.result;
    if (!entry.difference.is_null())
        row.difference = entry.difference.dump(-1, ' ', false,
                                               nlohmann::json::error_handler_t::replace);
    return audit_.add(std::move(row));
}

Result<void> Access::tend() {
    std::vector<AuditRow> rows;
    {
        std::lock_guard const lock{mutex_};
        std::int64_t const minute = clock_.unix_us() / minute_us;
        for (auto at = wrong_.begin(); at != wrong_.end();) {
            Wrong& wrong = at->second;
            bool const is_new_minute = wrong.minute != minute;
            if (is_new_minute) {
                if (wrong.summed > 0 && wrong.told >= told_per_minute)
                    rows.push_back(failed_logins(at->first, std::exchange(wrong.summed, 0)));
                wrong.told = 0;
                wrong.minute = minute;
            }
            for (; wrong.summed > 0 && wrong.told < told_per_minute; --wrong.summed, ++wrong.told)
                rows.push_back(failed_logins(at->first, 1));
            bool const is_over = is_new_minute && wrong.summed == 0 && wrong.told == 0;
            at = is_over ? wrong_.erase(at) : std::next(at);
        }
    }
    for (AuditRow& row : rows)
        if (Result<void> added = audit_.add(std::move(row)); !added) return added;
    tokens_.keep_uses();
    return {};
}

}  // namespace weir::host
