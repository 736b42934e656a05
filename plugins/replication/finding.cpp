#include "finding.hpp"

#include <algorithm>
#include <cctype>

namespace weir::replication {
namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::size_t edits(std::string const& a, std::string const& b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const above = row[j];
            std::size_t const replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above + 1, row[j - 1] + 1, replaced});
            diagonal = above;
        }
    }
    return row[b.size()];
}

}  // namespace

bool is_id(std::string_view text) {
    auto const letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (text.empty() || text.size() > 63 || !letter(text.front())) return false;
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return letter(c) || c == '_' || c == '-'; });
}

std::string nearest(std::string_view wanted, std::vector<std::string> const& candidates) {
    constexpr std::size_t chars_max = 128;  // nobody mistypes a longer name than that
    if (wanted.size() > chars_max) return {};
    std::string best;
    std::size_t fewest = std::max<std::size_t>(1, wanted.size() / 3) + 1;
    for (std::string const& candidate : candidates) {
        if (candidate.size() > chars_max) continue;
        std::size_t const distance = edits(lower(wanted), lower(candidate));
        if (distance < fewest) fewest = distance, best = candidate;
    }
    return best;
}

std::string listed(std::vector<std::string> const& names) {
    std::string all;
    for (std::string const& name : names) (all += all.empty() ? "" : ", ") += name;
    return all;
}

std::string differences(Json const& before, Json const& after) {
    std::vector<std::string> places;
    for (Json const& change : Json::diff(before, after))
        places.push_back(change["path"].get<std::string>());
    return listed(places);
}

std::string text_of(Json const& object, char const* name) {
    return object.is_object() && object.contains(name) && object[name].is_string()
               ? object[name].get<std::string>()
               : std::string{};
}

std::string pointer_part(std::string_view name) {
    return (Json::json_pointer{} / std::string{name}).to_string().substr(1);
}

}  // namespace weir::replication
