#pragma once

#include <string>
#include <string_view>

#include "host/core/error.hpp"
#include "host/run/report.hpp"

namespace weir::host {

// What is wrong with a copy is said once, here and in the connectors, in the words of the command
// line: "name one with --key". Who has a job has no options but a document, and is told its fields:
// "name one with source.key".

/// `sentence` with every option replaced by the field of a job document that means the same, or by
/// the command that does it to `job`.
std::string in_job_words(std::string const& sentence, std::string_view job);
Error in_job_words(Error error, std::string_view job);
/// Its errors and notes.
void put_in_job_words(CopyReport& report, std::string_view job);

}  // namespace weir::host
