#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::host {

enum class ReadMode { full, delta, reconcile };
enum class WriteMode { append, upsert, replace };
/// What becomes of a record that the sink refuses.
enum class OnError { stop, skip, dead_letter };
/// What becomes of a column that the source has gained since the last run.
enum class DriftPolicy { add, ignore, halt };

/// How a reconcile goes, and how far.
struct ReconcileRules {
    bool compares_values = false;      ///< not only keys
    bool is_soft = false;              ///< rows are marked, not deleted
    double max_delete_fraction = 0.1;  ///< of the target's rows, from 0 to 1
    bool operator==(ReconcileRules const&) const = default;
};

/// What a person asked `weir copy` for, references resolved. A value.
struct CopyRequest {
    static constexpr std::size_t parallel_max = 1024;  ///< what may be asked for
    static constexpr std::size_t parts_max = 64;

    std::string source_url, sink_url;
    std::vector<std::string> streams;  ///< names or patterns; empty: the source's only stream
    std::string to;                    ///< target of a single stream
    std::optional<ReadMode> mode;
    std::optional<WriteMode> write;
    std::string cursor;               ///< tracking field; empty: the stored one, or none
    std::optional<std::int64_t> lookback_ms;  ///< what is younger than that may still appear
    std::vector<std::string> key;     ///< empty: from the catalog
    std::vector<std::string> fields;  ///< empty: all
    std::optional<std::uint32_t> batch_rows;
    std::optional<std::uint64_t> batch_bytes;
    std::optional<std::uint64_t> row_bytes_max;  ///< a larger record is refused at the source
    std::optional<std::int64_t> limit;
    DriftPolicy drift = DriftPolicy::add;
    std::vector<std::string> with;  ///< made after the load: "indexes", "foreign_keys"
    std::optional<std::size_t> parallel;  ///< streams at once; empty: as many as pays
    std::size_t parts = 1;  ///< of a big stream that are read at once, where the source can
    OnError on_error = OnError::stop;
    std::string dead_letters = "weir-dead-letters.jsonl";
    bool force = false, dry_run = false;
    ReconcileRules reconcile;
    std::string deleted_at;  ///< the column of such marks; empty: the stored one, or Weir's own
    std::string job;  ///< the checkpoint's; empty: from source, sink, stream and target
};

}  // namespace weir::host
