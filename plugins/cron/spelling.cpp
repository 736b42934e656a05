#include "spelling.hpp"

#include <algorithm>
#include <cctype>

namespace weir::cron {

namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

/// Insertions, deletions and replacements from `a` to `b`.
std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
        }
    }
    return row[b.size()];
}

}  // namespace

std::string nearest(std::string_view wanted, std::vector<std::string> const& candidates) {
    constexpr std::size_t compared_chars_max = 64;
    std::string const from = lower(wanted.substr(0, compared_chars_max));
    std::size_t best = std::max<std::size_t>(2, from.size() / 3) + 1;
    std::string found;
    for (std::string const& candidate : candidates)
        if (std::size_t const count = edits(from, lower(candidate)); count < best) {
            best = count;
            found = candidate;
        }
    return found;
}

std::string in_quotes(std::string_view text) {
    constexpr std::size_t shown_bytes_max = 80;
    std::size_t size = std::min(text.size(), shown_bytes_max);
    if (size < text.size())
        while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
    std::string out = "\"";
    for (char const c : text.substr(0, size))
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return out + (size < text.size() ? "…\"" : "\"");
}

void check_members(Json const& body, std::vector<std::string> const& known, Problems& problems) {
    if (!body.is_object()) {
        problems.add({"", "cron.bad_request", "the body is no object"});
        return;
    }
    for (auto const& [name, value] : body.items())
        if (std::find(known.begin(), known.end(), name) == known.end())
            problems.add({"/" + name, "cron.unknown_member",
                          "there is no member " + in_quotes(name), nearest(name, known)});
}

}  // namespace weir::cron
