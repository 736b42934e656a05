#include "host/cli/table.hpp"

#include <algorithm>
#include <cstddef>

namespace weir::host {

namespace {

/// Code points, which is what names and times need; wide characters count one.
std::size_t width(std::string const& text) {
    return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
        return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    }));
}

void add_line(std::string& out, std::vector<std::string> const& cells,
              std::vector<std::size_t> const& widths) {
    std::string line;
    for (std::size_t i = 0; i < cells.size() && i < widths.size(); ++i) {
        line += cells[i];
        if (i + 1 < widths.size()) line.append(widths[i] - width(cells[i]) + 2, ' ');
    }
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += line + '\n';
}

}  // namespace

std::string table(std::vector<std::string> const& headings,
                  std::vector<std::vector<std::string>> const& rows) {
    std::vector<std::size_t> widths;
    for (std::string const& heading : headings) widths.push_back(width(heading));
    for (auto const& row : rows)
        for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i)
            widths[i] = std::max(widths[i], width(row[i]));
    std::string out;
    add_line(out, headings, widths);
    for (auto const& row : rows) add_line(out, row, widths);
    return out;
}

}  // namespace weir::host
