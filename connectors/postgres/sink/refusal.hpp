#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/postgres/connection.hpp"
#include "fit.hpp"

// What the server says when something cannot be written, sorted by whose move it is.
namespace weir::postgres {

/// Two rows have one value that is unique.
inline constexpr std::string_view unique_state = "23505";

std::string sqlstate_of(Result const& failed);
std::string message_of(Result const& failed);

/// Whether it is about a record, and the others could be written.
bool is_about_row(std::string const& sqlstate);
/// Whether another record of the same batch may be what stands in its way.
bool may_wait(std::string const& sqlstate);
/// The record of a COPY, counted from 1, that the server was at; nothing: it does not say.
std::optional<std::int64_t> line_of(Result const& failed);

/// E_DATA for a record; `row` says which: "row 5 of a batch".
Error row_refusal(Settings const& settings, Result const& failed, std::string const& row,
                  std::string const& table);

/// Everything else.
Error write_failure(Connection& connection, Result const& failed, Place const& place);

Error fenced(std::string const& table);

}  // namespace weir::postgres
