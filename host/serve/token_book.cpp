#include "host/serve/token_book.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <utility>

#include "host/core/text.hpp"

namespace weir::host {

namespace {

constexpr std::int64_t second_us = 1'000'000, minute_us = 60 * second_us;

http::TokenHash hash_from(std::string const& hex) {
    http::TokenHash hash{};
    sodium_hex2bin(hash.data(), hash.size(), hex.data(), hex.size(), nullptr, nullptr, nullptr);
    return hash;
}

/// Whether every job that `narrow` lets through is let through by `wide`.
bool is_within(std::string const& narrow, std::string const& wide) {
    if (wide.empty()) return true;
    if (narrow.empty()) return false;
    if (!wide.ends_with('*')) return narrow == wide;
    return narrow.starts_with(wide.substr(0, wide.size() - 1));
}

}  // namespace

Result<void> TokenBook::load() {
    Result<std::vector<TokenRow>> rows = rows_.all();
    if (!rows) return rows.error();
    std::lock_guard const lock{mutex_};
    for (TokenRow& row : *rows) {
        id_by_hash_[row.sha256] = row.id;
        http::TokenHash const hash = hash_from(row.sha256);
        std::string const id = row.id;
        entries_[id] = Entry{std::move(row), hash, false};
    }
    return {};
}

bool TokenBook::has_expired(TokenRow const& row) const {
    return row.expires_us != 0 && row.expires_us <= clock_.unix_us();
}

std::optional<http::Principal> TokenBook::principal_of(Entry& entry) {
    TokenRow& row = entry.row;
    std::int64_t const now = clock_.unix_us();
    if (has_expired(row)) return std::nullopt;
    auto const scope = http::scope_named(row.scope);
    if (!scope) return std::nullopt;
    if (now - row.used_us >= minute_us) {
        row.used_us = now / minute_us * minute_us;
        entry.is_used = true;
    }
    return http::Principal{row.id, *scope, row.jobs, "", row.expires_us};
}

std::optional<http::Principal> TokenBook::find(std::string_view token) {
    if (!http::is_token(token)) return std::nullopt;
    http::TokenHash const hash = http::hash_of(token);
    std::lock_guard const lock{mutex_};
    auto const id = id_by_hash_.find(http::to_hex(hash));
    if (id == id_by_hash_.end()) return std::nullopt;
    Entry& entry = entries_.at(id->second);
    if (!http::is_same(entry.hash, hash)) return std::nullopt;
    return principal_of(entry);
}

std::optional<http::Principal> TokenBook::by_id(std::string const& id) {
    std::lock_guard const lock{mutex_};
    auto const entry = entries_.find(id);
    return entry == entries_.end() ? std::nullopt : principal_of(entry->second);
}

bool TokenBook::is_valid(std::string const& id) const {
    std::lock_guard const lock{mutex_};
    auto const entry = entries_.find(id);
    return entry != entries_.end() && !has_expired(entry->second.row);
}

Result<TokenBook::Made> TokenBook::add(Wish const& wish, http::Principal const& by) {
    std::int64_t const now = clock_.unix_us();
    TokenRow row;
    row.expires_us = wish.ttl_s == 0 ? 0 : now + wish.ttl_s * second_us;
    bool const lasts_longer =
        by.expires_us != 0 && (row.expires_us == 0 || row.expires_us > by.expires_us);
    if (wish.scope > by.scope || !is_within(wish.jobs, by.jobs) || lasts_longer)
        return Error{WEIR_E_AUTH, "token.wider",
                     "no token makes one that may do more, or lasts longer, than itself"};
    row.id = make_ulid(now);
    row.name = wish.name;
    row.scope = http::name_of(wish.scope);
    row.jobs = wish.jobs;
    row.created_us = now;
    row.created_by = by.id;
    std::string token = http::make_token();
    http::TokenHash const hash = http::hash_of(token);
    row.sha256 = http::to_hex(hash);
    if (Result<void> added = rows_.add(row); !added) return added.error();
    std::lock_guard const lock{mutex_};
    id_by_hash_[row.sha256] = row.id;
    entries_[row.id] = Entry{row, hash, false};
    return Made{std::move(token), std::move(row)};
}

Result<void> TokenBook::remove(std::string const& id) {
    if (Result<void> removed = rows_.remove(id); !removed) return removed;
    std::lock_guard const lock{mutex_};
    auto const entry = entries_.find(id);
    if (entry == entries_.end()) return {};
    id_by_hash_.erase(entry->second.row.sha256);
    entries_.erase(entry);
    return {};
}

std::vector<TokenRow> TokenBook::list(std::string const& after, std::size_t limit) const {
    std::lock_guard const lock{mutex_};
    std::vector<TokenRow> rows;
    for (auto at = entries_.upper_bound(after); at != entries_.end() && rows.size() < limit; ++at)
        rows.push_back(at->second.row);
    return rows;
}

std::optional<TokenRow> TokenBook::row(std::string const& id) const {
    std::lock_guard const lock{mutex_};
    auto const entry = entries_.find(id);
    if (entry == entries_.end()) return std::nullopt;
    return entry->second.row;
}

void TokenBook::keep_uses() {
    std::vector<std::pair<std::string, std::int64_t>> uses;
    {
        std::lock_guard const lock{mutex_};
        for (auto& [id, entry] : entries_)
            if (std::exchange(entry.is_used, false)) uses.emplace_back(id, entry.row.used_us);
    }
    // What is lost when this fails is when a token was used, nothing that anybody decides by.
    if (!uses.empty()) (void)rows_.used(uses);
}

}  // namespace weir::host
