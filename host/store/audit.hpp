#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "host/store/key_ring.hpp"
#include "host/store/store.hpp"

namespace weir::host {

/// Who changed what. `difference`: JSON, without secrets; empty: none.
struct AuditRow {
    std::int64_t seq = 0, at_us = 0;
    std::string principal, address, request_id, action, object, result, difference;
};

/// The trail of changes: only added to. Each row's hash covers the row before it, keyed with a key
/// that is derived from the master key of its time: who has the database alone cannot alter, remove
/// or reorder a row and make the chain fit again. Thread-safe; durable on return.
class Audit {
public:
    static constexpr std::size_t rows_max = 1'000'000;  ///< beyond: the oldest go
    static constexpr std::size_t text_bytes_max = 8192;  ///< of a difference

    Audit(Store& store, KeyRing const& keys) : store_{store}, keys_{keys} {}
    Audit(Audit const&) = delete;
    Audit& operator=(Audit const&) = delete;

    /// `seq` and `at_us` are given here.
    Result<void> add(AuditRow row);

    struct Filter {
        std::int64_t before = 0;  ///< seq of the last item of the page before; 0: from the newest
        std::string principal = {}, action = {}, object = {};  ///< empty: any
        std::size_t limit = 50;
    };
    /// Newest first.
    Result<std::vector<AuditRow>> list(Filter const& filter);

    struct Verdict {
        std::int64_t rows = 0;
        std::int64_t broken = 0;  ///< the first row that does not fit; 0: all do
        std::string why;
    };
    /// Reads all of it, one row after the other.
    Result<Verdict> verify();
    /// Deletes the oldest beyond `rows_max`; to be called now and then.
    Result<void> retain();
    /// Part of the transaction that makes `next` the key of the state: rows up to here keep theirs,
    /// and both ends of the trail get that of `next`, if they were right. A trail that was touched
    /// stays so.
    static void turn(Session& session, KeyRing const& keys, MasterKey const& next);

private:
    Store& store_;
    KeyRing const& keys_;
};

}  // namespace weir::host
