#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/store/key_ring.hpp"

namespace weir::host {

/// What the hashes of the trail are keyed with, derived from a master key. Rows keep theirs when
/// the master key changes: the keys of then are stored, sealed with the master key of now, so that
/// who has an old one can neither write rows of today nor move the row where it ended. Wiped.
class AuditKeys {
public:
    using Key = std::array<unsigned char, 32>;

    static Key of_master(MasterKey const& master);
    /// Of the trail in this state. Nothing: the keys of then do not open.
    static std::optional<AuditKeys> of(Session& session, KeyRing const& ring);
    AuditKeys(AuditKeys const&) = delete;
    AuditKeys& operator=(AuditKeys const&) = delete;
    AuditKeys(AuditKeys&&) = default;
    ~AuditKeys();

    Key const& now() const { return now_; }
    Key const& of_row(std::int64_t seq) const;
    /// From the row behind `last` on, `next` is the master key; stores the keys of then.
    void turn(Session& session, MasterKey const& next, std::int64_t last);

private:
    AuditKeys() = default;

    std::vector<std::pair<std::int64_t, Key>> then_;  // with the last row of each, ascending
    Key now_{};
};

}  // namespace weir::host
