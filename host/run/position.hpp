#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/sink_proxy.hpp"
#include "host/core/error.hpp"
#include "host/run/plan.hpp"
#include "host/run/request.hpp"
#include "host/run/run_note.hpp"

namespace weir::host {

/// How one stream is read and written: what is asked for, settled against the catalog and against
/// what the sink remembers. Kept beside the cursor in the checkpoint. A value.
struct Selection {
    ReadMode mode = ReadMode::full;
    WriteMode write = WriteMode::append;
    std::string tracking;             ///< empty: none
    std::vector<std::string> key;     ///< rows are told apart by it in the sink
    std::vector<std::string> fields;  ///< empty: all
    std::string deleted_at;           ///< see weir_target; empty: Weir's own column
    bool operator==(Selection const&) const = default;
};

/// The sink's target of a task: where it lies; and how it is written.
TargetRequest target_of(Task const& task);
TargetRequest target_of(Task const& task, Selection const& selection);

nlohmann::json to_json(Selection const& selection);
Selection selection_from(nlohmann::json const& json);

/// The checkpoint of a stream as the sink answers it.
struct Checkpoint {
    Selection selection;
    std::vector<std::string> columns;  ///< that the last run wrote; empty: not known
    std::string cursor;
    bool owns_target = false;  ///< the target was made by this job: what is in it came from there
    std::optional<RunNote> run = {};  ///< the run that wrote last, where a server's
};

/// The answer of SinkProxy::peek(): a JSON object; nothing where that is empty.
std::optional<Checkpoint> parse_checkpoint(std::string const& text);

/// Where a read begins: at the stored cursor, or, with `reset`, at the beginning. `note` says to a
/// person why, where that is not what the same command did before.
struct Start {
    Selection selection;
    bool reset = false;
    std::string note;
};

/// Decides mode and start of `stream` from the request, the streams' key and the checkpoint, if
/// there is one that holds. Pure.
Result<Start> decide_start(CopyRequest const& request, std::string const& stream,
                           std::vector<std::string> const& key,
                           std::optional<Checkpoint> const& checkpoint);

/// Why a read from the beginning is refused where records would come twice.
Error needs_reset(std::string const& why);

/// Refuses, with E_CONFIG, a mark of deleted rows that is a field of the source too.
Result<void> check_mark(Selection const& selection, Task const& task);

/// Why a replace by nothing is refused.
Error would_empty();

/// What of a cursor is worth showing: the tracking value it has settled, or the place of a scan.
/// The cursor itself stays opaque; an unknown form shows nothing.
std::string shown_cursor(std::string const& cursor);

std::string_view name_of(ReadMode mode);
std::string_view name_of(WriteMode mode);

}  // namespace weir::host
