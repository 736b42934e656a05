#include "host/abi/declared_errors.hpp"

#include <fmt/format.h>

#include <array>
#include <set>

namespace weir::host {

namespace {

using Json = nlohmann::json;

Error wrong_errors(std::string sentence) {
    return Error{WEIR_E_CONFIG, "plugin.declaration", std::move(sentence)};
}

}  // namespace

Result<std::vector<DeclaredError>> read_declared_errors(nlohmann::json const& meta) {
    std::vector<DeclaredError> errors;
    auto const list = meta.find("errors");
    if (list == meta.end()) return errors;
    if (!list->is_array() || list->size() > DeclaredError::errors_max)
        return wrong_errors(fmt::format("declares errors that are no list of at most {}",
                                        DeclaredError::errors_max));
    constexpr std::array keys{"code", "title", "cause", "remedy"};
    std::set<std::string> seen;
    for (Json const& each : *list) {
        std::array<std::string, keys.size()> texts;
        for (std::size_t i = 0; i < keys.size(); ++i) {
            if (!each.is_object() || !each.contains(keys[i]) || !each[keys[i]].is_string())
                return wrong_errors(fmt::format("declares an error without a {}", keys[i]));
            texts[i] = each[keys[i]].get<std::string>();
        }
        if (!seen.insert(texts[0]).second)
            return wrong_errors(fmt::format("declares the error {} twice", texts[0]));
        errors.push_back({texts[0], texts[1], texts[2], texts[3]});
    }
    return errors;
}

}  // namespace weir::host
