#include "host/abi/definitions.hpp"

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr int depth_max = 64;
constexpr std::string_view prefix = "#/definitions/";

/// Replaces references below one value; the first that cannot be is its error.
class Expansion {
public:
    explicit Expansion(Json const& definitions) : definitions_{definitions} {}

    void expand(Json& value, int depth) {
        if (error) return;
        if (depth > depth_max) return fail("", "is nested too deep, or contains itself");
        if (value.is_object() && value.contains("$ref")) {
            Json const* const found = find(value["$ref"]);
            if (!found) return;
            value = Json(*found);
            return expand(value, depth + 1);
        }
        if (value.is_structured())
            for (Json& each : value) expand(each, depth + 1);
    }

    std::optional<Error> error;

private:
    Json const* find(Json const& reference) {
        std::string const text = reference.is_string() ? reference.get<std::string>() : "";
        std::string const name = text.starts_with(prefix) ? text.substr(prefix.size()) : "";
        auto const at = definitions_.find(name);
        if (at != definitions_.end()) return &*at;
        fail(text, "is not there");
        return nullptr;
    }
    void fail(std::string const& name, std::string const& why) {
        error = Error{WEIR_E_CONFIG, "plugin.declaration",
                      fmt::format("names the definition {}, which {}", name, why)};
    }

    Json const& definitions_;
};

}  // namespace

Result<nlohmann::json> with_definitions(nlohmann::json document) {
    if (!document.is_object()) return document;
    Json const definitions = document.value("definitions", Json::object());
    document.erase("definitions");
    Expansion expansion{definitions};
    expansion.expand(document, 0);
    if (expansion.error) return *expansion.error;
    return document;
}

}  // namespace weir::host
