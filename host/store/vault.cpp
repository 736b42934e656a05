// associated data := "weir_secret" 0x00 owner 0x00 name 0x00 key_id
#include "host/store/vault.hpp"

#include <fmt/format.h>

#include "host/core/failpoint.hpp"
#include "host/core/secret.hpp"
#include "host/store/audit.hpp"
#include "host/store/sealed.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

std::string place(std::string const& owner, std::string const& name, std::string const& key_id) {
    return place_of({"weir_secret", owner, name, key_id});
}

struct Row {
    std::string owner, name, key_id, sealed;
};

std::vector<Row> rows_under_other_keys(Session& session, std::string const& key_id) {
    std::vector<Row> rows;
    Row row;
    Query query{session, "SELECT owner, name, key_id, sealed FROM weir_secret WHERE key_id <> ?1"};
    query.with(key_id).into(row.owner, row.name, row.key_id, row.sealed);
    while (query.next()) rows.push_back(row);
    return rows;
}

/// Seals with `next` what other keys of the ring open.
void seal_anew(Session& session, KeyRing const& keys, MasterKey const& next,
               Vault::Turned& turned) {
    std::string const id = next.id();
    for (Row const& row : rows_under_other_keys(session, id)) {
        auto const key = keys.find(row.key_id);
        std::optional<std::string> value;
        if (key) value = unseal(*key, place(row.owner, row.name, row.key_id), row.sealed);
        if (!value) {
            ++turned.damaged;
            continue;
        }
        std::string const sealed = seal(next, place(row.owner, row.name, id), *value);
        wipe(*value);
        session.run(
            "UPDATE weir_secret SET key_id = ?1, sealed = ?2 WHERE owner = ?3 AND name = ?4", id,
            sealed, row.owner, row.name);
        ++turned.secrets;
    }
}

Result<void> check(std::string const& name, std::string const& value) {
    bool const is_name = !name.empty() && name.size() <= Vault::name_bytes_max &&
                         name.find('\0') == std::string::npos;
    if (!is_name)
        return Error{WEIR_E_DATA, "secret.name",
                     fmt::format("the name of a secret has {} bytes: it must have 1 to {}, none of "
                                 "them zero",
                                 name.size(), Vault::name_bytes_max)};
    if (value.size() > Vault::value_bytes_max)
        return Error{WEIR_E_DATA, "secret.too_large",
                     fmt::format("the secret {} has {} bytes, {} are allowed", name, value.size(),
                                 Vault::value_bytes_max)};
    return {};
}

}  // namespace

Result<bool> Vault::knows_key(Store& store) {
    bool is_known = false;
    Result<void> done = store.read([&](Session& session) -> Result<void> {
        is_known = session
                       .value<std::string>("SELECT value FROM weir_fact WHERE name = 'key_id'")
                       .has_value();
        return {};
    });
    if (!done) return done.error();
    return is_known;
}

Result<Vault::Turned> Vault::settle_key() {
    Turned turned;
    Result<void> const done = store_.write([&](Session& session) -> Result<void> {
        turned = {};
        auto const next = keys_.newest();
        turned.to = next->id();
        auto const known =
            session.value<std::string>("SELECT value FROM weir_fact WHERE name = 'key_id'");
        turned.from = known.value_or(turned.to);
        if (known == turned.to) return {};
        if (known && !keys_.find(*known))
            return Error{WEIR_E_CONFIG, "secret.wrong_key",
                         fmt::format("the secrets of this data directory were written with the "
                                     "master key {}, this one is {}: start with the right key file",
                                     *known, turned.to)};
        if (known) {
            seal_anew(session, keys_, *next, turned);
            Audit::turn(session, keys_, *next);
        }
        session.run(
            "INSERT INTO weir_fact(name, value) VALUES ('key_id', ?1) ON CONFLICT DO UPDATE SET "
            "value = excluded.value",
            turned.to);
        return {};
    });
    if (!done) return done.error();
    return turned;
}

Result<Vault::Turned> Vault::rotate() {
    if (Result<void> const renewed = keys_.renew(); !renewed) return renewed.error();
    failpoint("secret.new_key");
    return settle_key();
}

Result<std::int64_t> Vault::count() {
    std::int64_t secrets = 0;
    Result<void> const done = store_.read([&](Session& session) -> Result<void> {
        secrets = session.value<std::int64_t>("SELECT count(*) FROM weir_secret").value_or(0);
        return {};
    });
    if (!done) return done.error();
    return secrets;
}

Result<void> Vault::put(std::string const& owner, std::string const& name,
                        std::string const& value) {
    if (Result<void> checked = check(name, value); !checked) return checked;
    std::int64_t const now = store_.clock().unix_us();
    return store_.write([&](Session& session) -> Result<void> {
        // In the transaction: a change of keys is before it or behind it.
        auto const key = keys_.of(session);
        std::string const key_id = key->id();
        std::string const sealed = seal(*key, place(owner, name, key_id), value);
        session.run(
            "INSERT INTO weir_secret(owner, name, key_id, sealed, set_at) VALUES (?1, ?2, ?3, ?4, "
            "?5) ON CONFLICT DO UPDATE SET key_id = excluded.key_id, sealed = excluded.sealed, "
            "set_at = excluded.set_at",
            owner, name, key_id, sealed, now);
        return {};
    });
}

Result<void> Vault::remove(std::string const& owner, std::string const& name) {
    return store_.write([&](Session& session) -> Result<void> {
        if (session.run("DELETE FROM weir_secret WHERE owner = ?1 AND name = ?2", owner, name) > 0)
            return {};
        return Error{WEIR_E_NOT_FOUND, "secret.not_found",
                     fmt::format("there is no secret {}", name)};
    });
}

Result<std::vector<Vault::Name>> Vault::list(std::string const& owner, std::string const& after,
                                             std::size_t limit) {
    std::vector<Name> names;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        names.clear();
        Name name;
        std::int64_t const most = static_cast<std::int64_t>(limit);
        Query query{session,
                    "SELECT name, set_at FROM weir_secret WHERE owner = ?1 AND name > ?2 ORDER BY "
                    "name LIMIT ?3"};
        query.with(owner, after, most).into(name.name, name.set_us);
        while (query.next()) names.push_back(name);
        return {};
    });
    if (!done) return done.error();
    return names;
}

Result<std::optional<std::string>> Vault::get(std::string const& owner, std::string const& name) {
    std::optional<std::string> sealed;
    std::string key_id;
    Result<void> done = store_.read([&](Session& session) -> Result<void> {
        auto row = session.row<std::string, std::string>(
            "SELECT key_id, sealed FROM weir_secret WHERE owner = ?1 AND name = ?2", owner, name);
        if (!row) return {};
        key_id = std::get<0>(*row);
        sealed = std::get<1>(*row);
        return {};
    });
    if (!done) return done.error();
    if (!sealed) return std::optional<std::string>{};
    auto const key = keys_.find(key_id);
    std::optional<std::string> value;
    if (key) value = unseal(*key, place(owner, name, key_id), *sealed);
    if (!value)
        return Error{WEIR_E_CONFIG, "secret.damaged",
                     fmt::format("the secret {} does not open: it was damaged or moved, or the "
                                 "master key is another; set it again",
                                 name)};
    return value;
}

}  // namespace weir::host
