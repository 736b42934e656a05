#pragma once

#include <string>
#include <utility>
#include <vector>

#include "json.hpp"

namespace weir {

/// One thing that is wrong with what was asked.
struct Finding {
    std::string pointer;  ///< JSON Pointer into the body: "/schedule"
    std::string code;     ///< stable, dotted
    std::string detail;   ///< one sentence, with the user's own value in it
    std::string suggestion = {};
};

/// What is in the way of what was asked: {"job", "orders"}.
struct Blocker {
    std::string kind, id;
};

/// Several errors at once, thrown by on_http() and on_invoke(): the answer lists all of them.
/// Elsewhere it is an Error that says the first.
///
///     Problems problems;
///     if (name.empty()) problems.add({"/name", "job.name_missing", "the job has no name"});
///     problems.check();
class Problems : public Error {
public:
    explicit Problems(weir_status why = WEIR_E_CONFIG) : Error{why, "nothing is wrong"} {}

    void add(Finding finding) {
        if (findings_.empty()) {
            message = finding.detail;
            code = finding.code;
            where = finding.pointer;
            suggestion = finding.suggestion;
        }
        findings_.push_back(std::move(finding));
    }
    /// Of what was thrown below: its place is below `pointer`.
    void add(Error const& error, std::string const& pointer = {}) {
        add(Finding{pointer + error.where, error.code, error.message, error.suggestion});
    }
    /// Answered as blocked_by; an error says what that means.
    void block(Blocker blocker) { blockers_.push_back(std::move(blocker)); }
    bool empty() const { return findings_.empty(); }
    std::vector<Finding> const& findings() const { return findings_; }
    /// Throws when anything was added.
    void check() const {
        if (!empty()) throw *this;
    }
    /// {"errors":[{"pointer","code","detail","suggestion"}],"blocked_by"?:[{"kind","id"}]}
    Json json() const {
        Json errors = Json::array();
        for (Finding const& finding : findings_) {
            errors.push_back(
                {{"pointer", finding.pointer}, {"code", finding.code}, {"detail", finding.detail}});
            if (!finding.suggestion.empty()) errors.back()["suggestion"] = finding.suggestion;
        }
        Json out{{"errors", std::move(errors)}};
        for (Blocker const& each : blockers_)
            out["blocked_by"].push_back({{"kind", each.kind}, {"id", each.id}});
        return out;
    }

private:
    std::vector<Finding> findings_;
    std::vector<Blocker> blockers_;
};

namespace detail {

/// JSON for the other side; bytes that are no UTF-8 become U+FFFD rather than a failure.
inline std::string dump_json(Json const& json) {
    return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

/// Reads the findings that a failing method wrote; nothing when it wrote none.
inline std::vector<Finding> findings_of(std::string_view text) {
    std::vector<Finding> out;
    Json const json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("errors") || !json["errors"].is_array()) return out;
    for (Json const& error : json["errors"]) {
        if (!error.is_object()) continue;
        auto const text_of = [&](char const* name) {
            return error.contains(name) && error[name].is_string() ? error[name].get<std::string>()
                                                                   : std::string{};
        };
        out.push_back(
            {text_of("pointer"), text_of("code"), text_of("detail"), text_of("suggestion")});
    }
    return out;
}

}  // namespace detail
}  // namespace weir
