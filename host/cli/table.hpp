#pragma once

#include <string>
#include <vector>

namespace weir::host {

/// Rows under headings, columns as wide as their widest cell; for people. Ends with a newline.
std::string table(std::vector<std::string> const& headings,
                  std::vector<std::vector<std::string>> const& rows);

}  // namespace weir::host
