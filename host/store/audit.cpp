// hash := hex( BLAKE2b-256 keyed ( prev_hash, seq, at, principal, …, difference ) ), each part as
// its length, a colon and its bytes; the keys are audit_keys'. weir_fact audit_start holds the
// prev_hash of the oldest row that is kept with its keyed hash, audit_end the keyed hash of the
// newest row: a trail that was cut at either end does not fit.
#include "host/store/audit.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <tuple>

#include "host/store/audit_keys.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

constexpr char row_columns[] =
    "seq, at, principal, address, request_id, action, object, result, difference";

std::string hex_of(unsigned char const* bytes, std::size_t size) {
    std::string hex(2 * size + 1, '\0');
    sodium_bin2hex(hex.data(), hex.size(), bytes, size);
    hex.pop_back();
    return hex;
}

std::string keyed_hash(AuditKeys::Key const& key,
                       std::vector<std::string> const& parts) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, key.data(), key.size(), 32);
    for (std::string const& part : parts) {
        std::string const text = fmt::format("{}:{}", part.size(), part);
        crypto_generichash_update(&state, reinterpret_cast<unsigned char const*>(text.data()),
                                  text.size());
    }
    unsigned char digest[32];
    crypto_generichash_final(&state, digest, sizeof digest);
    return hex_of(digest, sizeof digest);
}

std::string fact(Session& session, char const* name) {
    return session.value<std::string>("SELECT value FROM weir_fact WHERE name = ?1",
                                      std::string{name})
        .value_or("");
}

void set_fact(Session& session, char const* name, std::string const& value) {
    session.run(
        "INSERT INTO weir_fact(name, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = "
        "excluded.value",
        std::string{name}, value);
}

std::string start_of(AuditKeys::Key const& key, std::string const& prev_hash) {
    return prev_hash + ":" + keyed_hash(key, {"start", prev_hash});
}

std::string end_of(AuditKeys::Key const& key, std::int64_t seq, std::string const& hash) {
    return keyed_hash(key, {std::to_string(seq), hash});
}

std::string hash_of(AuditKeys::Key const& key, AuditRow const& row, std::string const& prev_hash) {
    return keyed_hash(key, {prev_hash, std::to_string(row.seq), std::to_string(row.at_us),
                            row.principal, row.address, row.request_id, row.action, row.object,
                            row.result, row.difference});
}

std::optional<std::tuple<std::int64_t, std::string>> newest_row(Session& session) {
    return session.row<std::int64_t, std::string>(
        "SELECT seq, hash FROM weir_audit ORDER BY seq DESC LIMIT 1");
}

/// For a trail whose keys of then do not open: it goes on, and is told as broken.
AuditKeys::Key key_of_now(Session& session, KeyRing const& ring) {
    return AuditKeys::of_master(*ring.of(session));
}

void bind(Query& query, AuditRow& row) {
    query.into(row.seq, row.at_us, row.principal, row.address, row.request_id, row.action,
               row.object, row.result, row.difference);
}

}  // namespace

Result<void> Audit::add(AuditRow row) {
    row.at_us = store_.clock().unix_us();
    if (row.difference.size() > text_bytes_max) row.difference.clear();
    return store_.write([&](Session& session) -> Result<void> {
        AuditKeys::Key const key = key_of_now(session, keys_);
        auto const last = newest_row(session);
        row.seq = last ? std::get<0>(*last) + 1 : 1;
        std::string const prev = last ? std::get<1>(*last) : "";
        std::string const hash = hash_of(key, row, prev);
        session.run(
            "INSERT INTO weir_audit(seq, at, principal, address, request_id, action, object, "
            "result, difference, prev_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
            "?11)",
            row.seq, row.at_us, row.principal, row.address, row.request_id, row.action, row.object,
            row.result, row.difference, prev, hash);
        if (!last) set_fact(session, "audit_start", start_of(key, prev));
        set_fact(session, "audit_end", end_of(key, row.seq, hash));
        return {};
    });
}

Result<std::vector<AuditRow>> Audit::list(Filter const& filter) {
    std::vector<AuditRow> rows;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        rows.clear();
        AuditRow row;
        std::int64_t const limit = static_cast<std::int64_t>(filter.limit);
        std::string const sql = fmt::format(
            "SELECT {} FROM weir_audit WHERE (?1 = 0 OR seq < ?1) AND (?2 = '' OR principal = ?2) "
            "AND (?3 = '' OR action = ?3) AND (?4 = '' OR object = ?4) ORDER BY seq DESC LIMIT ?5",
            row_columns);
        Query query{session, sql};
        query.with(filter.before, filter.principal, filter.action, filter.object, limit);
        bind(query, row);
        while (query.next()) rows.push_back(row);
        return {};
    });
    if (!done) return done.error();
    return rows;
}

Result<Audit::Verdict> Audit::verify() {
    Verdict verdict;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        verdict = {};
        std::optional<AuditKeys> const keys = AuditKeys::of(session, keys_);
        if (!keys) {
            verdict.broken = 1;
            verdict.why = "the keys of its rows from before the master key was rotated are damaged";
            return {};
        }
        AuditRow row;
        std::string const start = fact(session, "audit_start");
        std::string prev, hash, expected = start.substr(0, start.find(':'));
        std::string const sql =
            fmt::format("SELECT {}, prev_hash, hash FROM weir_audit ORDER BY seq", row_columns);
        Query query{session, sql};
        bind(query, row);
        query.into(prev, hash);
        std::int64_t before = 0;
        while (query.next()) {
            ++verdict.rows;
            bool const follows =
                before == 0 ? start == start_of(keys->now(), expected) : row.seq == before + 1;
            if (!follows || prev != expected || hash != hash_of(keys->of_row(row.seq), row, prev)) {
                verdict.broken = row.seq;
                verdict.why = !follows || prev != expected
                                  ? "rows before it were removed or reordered"
                                  : "it was altered";
                return {};
            }
            before = row.seq;
            expected = hash;
        }
        std::string const end = fact(session, "audit_end");
        bool const is_whole = verdict.rows == 0 ? end.empty()
                                                : end == end_of(keys->now(), before, expected);
        if (is_whole) return {};
        verdict.broken = before + 1;
        verdict.why = "the newest rows were removed";
        return {};
    });
    if (!done) return done.error();
    return verdict;
}

Result<void> Audit::retain() {
    return store_.write([&](Session& session) -> Result<void> {
        std::int64_t const keeps = rows_max;
        auto const first = session.row<std::int64_t, std::string>(
            "SELECT seq, prev_hash FROM weir_audit ORDER BY seq DESC LIMIT 1 OFFSET ?1", keeps - 1);
        if (!first) return {};
        if (session.run("DELETE FROM weir_audit WHERE seq < ?1", std::get<0>(*first)) > 0)
            set_fact(session, "audit_start",
                     start_of(key_of_now(session, keys_), std::get<1>(*first)));
        return {};
    });
}

void Audit::turn(Session& session, KeyRing const& ring, MasterKey const& next) {
    std::optional<AuditKeys> keys = AuditKeys::of(session, ring);
    auto const last = newest_row(session);
    if (!keys || !last) return;
    auto const& [seq, hash] = *last;
    std::string const start = fact(session, "audit_start");
    std::string const prev = start.substr(0, start.find(':'));
    bool const starts_right = start == start_of(keys->now(), prev);
    bool const ends_right = fact(session, "audit_end") == end_of(keys->now(), seq, hash);
    keys->turn(session, next, seq);
    if (starts_right) set_fact(session, "audit_start", start_of(keys->now(), prev));
    if (ends_right) set_fact(session, "audit_end", end_of(keys->now(), seq, hash));
}

}  // namespace weir::host
