#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::host {

enum class ReadMode { full, delta };
enum class WriteMode { append, upsert, replace };
/// What becomes of a record that the sink refuses.
enum class OnError { stop, skip, dead_letter };

/// What a person asked `weir copy` for, references resolved. A value.
struct CopyRequest {
    std::string source_url, sink_url;
    std::vector<std::string> streams;  ///< names or patterns; empty: the source's only stream
    std::string to;                    ///< target of a single stream
    std::optional<ReadMode> mode;
    std::optional<WriteMode> write;
    std::string cursor;               ///< tracking field; empty: the stored one, or none
    std::vector<std::string> key;     ///< empty: from the catalog
    std::vector<std::string> fields;  ///< empty: all
    std::optional<std::uint32_t> batch_rows;
    std::optional<std::uint64_t> batch_bytes;
    std::optional<std::int64_t> limit;
    OnError on_error = OnError::stop;
    std::string dead_letters = "weir-dead-letters.jsonl";
    bool force = false, dry_run = false;
    std::string job;  ///< the checkpoint's; empty: from source, sink, stream and target
};

}  // namespace weir::host
