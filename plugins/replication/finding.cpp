#include "finding.hpp"

#include <algorithm>
#include <cctype>

namespace weir::replication {
bool is_id(std::string_view text) {
    auto const letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    };
    if (text.empty() || text.size() > 63 || !letter(text.front())) return false;
    return std::all_of(text.begin(), text.end(),
                       [&](char c) { return letter(c) || c == '_' || c == '-'; });
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
