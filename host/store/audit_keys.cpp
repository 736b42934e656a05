// weir_fact audit_keys := key_id ":" sealed( seq ":" hex[64] "\n" )*    seq: the last row of a key
#include "host/store/audit_keys.hpp"

#include <fmt/format.h>
#include <sodium.h>

#include <sstream>

#include "host/core/secret.hpp"
#include "host/store/sealed.hpp"
#include "host/store/session.hpp"

namespace weir::host {

namespace {

std::string place(std::string const& key_id) {
    return place_of({"weir_fact", "audit_keys", key_id});
}

}  // namespace

AuditKeys::Key AuditKeys::of_master(MasterKey const& master) {
    constexpr std::string_view purpose = "weir audit chain";
    Key key;
    crypto_generichash(key.data(), key.size(),
                       reinterpret_cast<unsigned char const*>(purpose.data()), purpose.size(),
                       master.bytes().data(), master.bytes().size());
    return key;
}

std::optional<AuditKeys> AuditKeys::of(Session& session, KeyRing const& ring) {
    AuditKeys keys;
    keys.now_ = of_master(*ring.of(session));
    auto const stored =
        session.value<std::string>("SELECT value FROM weir_fact WHERE name = 'audit_keys'");
    if (!stored) return keys;
    std::string const key_id = stored->substr(0, stored->find(':'));
    auto const master = ring.find(key_id);
    if (!master || key_id.size() == stored->size()) return std::nullopt;
    std::optional<std::string> text =
        unseal(*master, place(key_id), stored->substr(key_id.size() + 1));
    if (!text) return std::nullopt;
    std::istringstream lines{*text};
    std::int64_t last = 0;
    char colon = 0;
    std::string hex;
    while (lines >> last >> colon >> hex) {
        Key& key = keys.then_.emplace_back(last, Key{}).second;
        sodium_hex2bin(key.data(), key.size(), hex.data(), hex.size(), nullptr, nullptr, nullptr);
    }
    wipe(hex);
    wipe(*text);
    return keys;
}

AuditKeys::~AuditKeys() {
    sodium_memzero(now_.data(), now_.size());
    for (auto& [last, key] : then_) sodium_memzero(key.data(), key.size());
}

AuditKeys::Key const& AuditKeys::of_row(std::int64_t seq) const {
    for (auto const& [last, key] : then_)
        if (seq <= last) return key;
    return now_;
}

void AuditKeys::turn(Session& session, MasterKey const& next, std::int64_t last) {
    then_.emplace_back(last, now_);
    now_ = of_master(next);
    std::int64_t const first =
        session.value<std::int64_t>("SELECT min(seq) FROM weir_audit").value_or(0);
    std::string text;
    for (auto const& [end, key] : then_) {
        if (end < first) continue;  // its rows are gone
        std::string hex(2 * key.size() + 1, '\0');
        sodium_bin2hex(hex.data(), hex.size(), key.data(), key.size());
        hex.pop_back();
        text += fmt::format("{}:{}\n", end, hex);
        wipe(hex);
    }
    std::string const id = next.id();
    std::string const stored = id + ":" + seal(next, place(id), text);
    wipe(text);
    session.run(
        "INSERT INTO weir_fact(name, value) VALUES ('audit_keys', ?1) ON CONFLICT DO UPDATE SET "
        "value = excluded.value",
        stored);
}

}  // namespace weir::host
