#include "host/serve/browser_sessions.hpp"

#include "host/core/text.hpp"

namespace weir::host {

namespace {

constexpr std::size_t code_characters = 22, cookie_characters = 43;  // 128 and 256 bits
constexpr char separator = '.';

}  // namespace

std::string BrowserSessions::new_code() {
    std::string code = http::random_base62(code_characters);
    std::lock_guard const lock{mutex_};
    code_ = http::hash_of(code);
    code_until_us_ = clock_.unix_us() + code_s_max * 1'000'000;
    return code;
}

bool BrowserSessions::burn(std::string_view code) {
    std::lock_guard const lock{mutex_};
    bool const is_right =
        http::is_same(http::hash_of(code), code_) && clock_.unix_us() < code_until_us_;
    if (is_right) code_until_us_ = 0;
    return is_right;
}

std::string BrowserSessions::open(http::Principal const& who) {
    std::int64_t const now = clock_.unix_us();
    std::string const id = make_ulid(now);
    std::string const secret = http::random_base62(cookie_characters);
    std::lock_guard const lock{mutex_};
    std::erase_if(entries_, [&](auto const& each) { return each.second.until_us <= now; });
    if (entries_.size() >= sessions_max) entries_.erase(entries_.begin());
    Entry entry{who, http::hash_of(secret), now + session_s_max * 1'000'000};
    entry.who.session = id;
    entries_[id] = std::move(entry);
    return id + separator + secret;
}

std::optional<http::Principal> BrowserSessions::find(std::string_view cookie) const {
    std::size_t const middle = cookie.find(separator);
    if (middle == cookie.npos) return std::nullopt;
    http::TokenHash const hash = http::hash_of(cookie.substr(middle + 1));
    std::lock_guard const lock{mutex_};
    auto const entry = entries_.find(std::string{cookie.substr(0, middle)});
    if (entry == entries_.end() || !http::is_same(entry->second.hash, hash) ||
        entry->second.until_us <= clock_.unix_us())
        return std::nullopt;
    return entry->second.who;
}

bool BrowserSessions::is_open(std::string const& session) const {
    std::lock_guard const lock{mutex_};
    auto const entry = entries_.find(session);
    return entry != entries_.end() && entry->second.until_us > clock_.unix_us();
}

void BrowserSessions::close(std::string const& session) {
    std::lock_guard const lock{mutex_};
    entries_.erase(session);
}

}  // namespace weir::host
