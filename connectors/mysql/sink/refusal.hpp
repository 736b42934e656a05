#pragma once

#include <string>

#include "connectors/mysql/connection.hpp"

// What the server says when something cannot be written, sorted by whose move it is.
namespace weir::mysql {

/// Whether it is about a record, and the others could be written.
bool is_about_row(Said const& said);

/// Whether the server takes no LOAD DATA LOCAL.
bool is_no_load(Said const& said);

/// Whether it may be over when other rows have come in: a unique value that one of them gives up.
bool may_wait(Said const& said);

/// Whether it is a unique value that is there already.
bool is_repeat(Said const& said);

/// Whether the user has no right to it.
bool is_denied(Said const& said);

/// E_DATA for a record; `row` says which: "row 5 of a batch". Its `where` is the column that the
/// server names in backticks, if any.
Error row_refusal(Said const& said, std::string const& row, std::string const& table);

/// Everything else.
Error write_failure(Settings const& settings, Said const& said, std::string const& table);

Error fenced(std::string const& table);

}  // namespace weir::mysql
