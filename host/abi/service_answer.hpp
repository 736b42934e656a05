#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/core/error.hpp"
#include "host/core/finding.hpp"

namespace weir::host {

/// The findings in {"errors":[{pointer,code,detail,suggestion}]}, which a failing service may have
/// written, as valid UTF-8; at most 100, and nothing when it wrote something else.
std::vector<Finding> findings_in(std::string_view text);
/// Its "blocked_by":[{kind,id}], the same way.
std::vector<Blocker> blockers_in(std::string_view text);
/// The other direction; "" for none.
std::string to_json(std::vector<Finding> const& findings);

/// What a method answered: `json`, or the error, perhaps with all that was found.
struct MethodAnswer {
    MethodAnswer() = default;
    // Parentheses: braces would make an array of it.
    MethodAnswer(nlohmann::json value) : json(std::move(value)) {}
    MethodAnswer(Error why, std::vector<Finding> found = {})
        : error{std::move(why)}, findings{std::move(found)} {}

    nlohmann::json json;
    std::optional<Error> error;
    std::vector<Finding> findings;
};

/// A request for a declared route; borrowed, so everything outlives the call.
struct HttpRequest {
    std::string const &method, &path, &query, &principal_json, &request_id, &body;
    std::map<std::string, std::string> const& headers;  ///< lower-case names
    std::map<std::string, std::string> const& params;   ///< {name} of the path, decoded
};

/// What a route answered, checked: send it as it is, unless there is an `error`; then its problem
/// with all findings is the answer.
struct HttpAnswer {
    HttpAnswer() = default;
    HttpAnswer(Error why, std::vector<Finding> found = {}, std::vector<Blocker> blockers = {})
        : error{std::move(why)}, findings{std::move(found)}, blocked_by{std::move(blockers)} {}

    unsigned status = 0;                                       ///< 200 to 599
    std::vector<std::pair<std::string, std::string>> headers;  ///< lower-case, content-type apart
    std::string content_type;                                  ///< empty without a body
    std::string body;
    std::optional<Error> error;
    std::vector<Finding> findings;
    std::vector<Blocker> blocked_by;
};

}  // namespace weir::host
