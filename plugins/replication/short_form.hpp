#pragma once

#include <string>

#include "finding.hpp"

namespace weir::replication {

/// What a short form says, in two documents: the connection it describes, and a job on it. Both
/// have the same id, and the job's destination is the local database.
struct ShortForm {
    Json connection;  ///< {"id","connector","config"}
    Json job;         ///< a native document, read
};

/// Whether a job document is of the first short form: flat, with table_name and tracking_col.
bool is_short_form(Json const& document);

/// {name, table_name, target_table?, tracking_col?, tracking_type?, cron_tab?, primary_key?,
///  columns?, batch_size?, is_active?, timezone?, source:{dialect, …}}. Pointers of findings lead
/// into this form.
ShortForm read_table_form(Json const& document, Findings& findings);

/// {name, sourceConfig:{dialect, …}, sourceTable, targetTable?, syncIntervalMinutes=60,
///  trackingColumn="id", isActive?}
ShortForm read_configure_form(Json const& document, Findings& findings);

/// A job and its connection as the second form spells them; `config` with its secrets masked.
Json configure_form(Json const& job, Json const& connection);

}  // namespace weir::replication
