#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/http/router.hpp"

namespace weir::host {

/// What every list takes: limit 1…1000 (default 50) and the opaque `cursor` of the page before.
struct Page {
    std::size_t limit = 50;
    std::string cursor;

    /// How the cursors of a list look: what never came from it is refused.
    enum class Form { name, number, ulid };

    /// Nothing, and why in `findings`, when a parameter is wrong or not one of `known` (beside
    /// limit and cursor).
    static std::optional<Page> of(http::Request const& request,
                                  std::vector<std::string> const& known,
                                  std::vector<Finding>& findings, Form form = Form::name);
    /// The cursor of Form::number; 0 without one.
    std::int64_t number() const;
};

/// Adds a finding for each parameter of `query` that is not one of `known`.
void check_names(std::string const& query, std::vector<std::string> const& known,
                 std::vector<Finding>& findings);

/// Adds a finding for each parameter that `schema`, that of an object, does not have, and for each
/// value that is none of the ones it lists. `also`: parameters of every such route.
void check_query(std::string const& query, nlohmann::json const& schema,
                 std::vector<std::string> const& also, std::vector<Finding>& findings);

/// Adds a finding for each value of `name` that is none of `allowed`.
void check_values(std::string const& query, std::string const& name,
                  std::vector<std::string> const& allowed, std::vector<Finding>& findings);

/// Every value of a parameter that may stand several times, decoded.
std::vector<std::string> query_values(std::string_view query, std::string_view name);

/// The time of RFC 3339 that parameter `name` says, in microseconds since 1970-01-01; `absent`
/// without it, and, with a finding, when it is none.
std::int64_t time_param(http::Request const& request, char const* name, std::int64_t absent,
                        std::vector<Finding>& findings);

/// 422 with all that is wrong with a request.
http::Response refused(std::vector<Finding> const& findings);

}  // namespace weir::host
