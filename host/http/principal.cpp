#include "host/http/principal.hpp"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace weir::host::http {

namespace {

constexpr std::array scope_names{"none", "ingest", "read", "run", "write", "admin"};

}  // namespace

char const* name_of(Scope scope) { return scope_names[static_cast<std::size_t>(scope)]; }

std::optional<Scope> scope_named(std::string_view name) {
    auto const found = std::find(scope_names.begin(), scope_names.end(), name);
    if (found == scope_names.end()) return std::nullopt;
    return static_cast<Scope>(found - scope_names.begin());
}

bool allows(Scope has, Scope needed) {
    if (needed == Scope::ingest) return has == Scope::ingest || has >= Scope::run;
    return has >= needed;
}

bool Principal::may_see(std::string_view job) const {
    if (jobs.empty()) return true;
    std::string_view const filter = jobs;
    if (!filter.ends_with('*')) return job == filter;
    return job.starts_with(filter.substr(0, filter.size() - 1));
}

bool is_job_filter(std::string_view text) {
    constexpr std::size_t characters_max = 64;
    if (text.empty() || text.size() > characters_max) return false;
    std::string_view const name = text.ends_with('*') ? text.substr(0, text.size() - 1) : text;
    return std::all_of(name.begin(), name.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '_' || c == '-';
    });
}

std::string to_json(Principal const& who) {
    nlohmann::json out{{"id", who.id}, {"scope", name_of(who.scope)}};
    if (who.is_limited()) out["jobs"] = who.jobs;
    return out.dump();
}

}  // namespace weir::host::http
