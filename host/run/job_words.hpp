#pragma once

#include <string>

#include "host/core/error.hpp"
#include "host/run/report.hpp"

namespace weir::host {

// What is wrong with a copy is said once, here and in the connectors, in the words of the command
// line: "name one with --key". Who has a job has no options but a document, and is told its fields:
// "name one with source.key".

/// `sentence` with every option replaced by the field of a job document that means the same.
std::string in_job_words(std::string sentence);
Error in_job_words(Error error);
/// Its errors and notes.
void put_in_job_words(CopyReport& report);

}  // namespace weir::host
