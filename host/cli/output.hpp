#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "host/core/error.hpp"
#include "host/run/report_json.hpp"

namespace weir::host {

/// What is wrong, for people: code and place, the sentence, what to do. Ends with a newline.
std::string to_text(Error const& error);

/// How the copy ended, for people; without the errors.
std::string to_text(CopyReport const& report);

/// Prints to standard output and makes sure it arrived; E_IO when nobody takes it.
Result<void> print(std::string const& text);
Result<void> print(nlohmann::ordered_json const& json);

/// Prints to standard error; nothing can be done when nobody takes it.
void tell(std::string const& text);

}  // namespace weir::host
