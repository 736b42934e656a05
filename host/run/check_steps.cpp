#include "host/run/check_steps.hpp"

#include <map>
#include <string_view>

#include "host/core/caught.hpp"
#include "host/run/report_json.hpp"

namespace weir::host {

namespace {

/// What a person can do about it, where the connector says nothing.
std::string_view remedy_of(std::string const& failure) {
    static std::map<std::string, std::string_view> const remedies{
        {"config", "correct the configuration at the place that is named"},
        {"dns", "check the host name"},
        {"refused", "check host and port, and that the server runs"},
        {"timeout", "check host, port and firewall"},
        {"tls", "check the TLS settings and the server's certificate"},
        {"auth", "check user and password"},
        {"no_database", "check the name of the database"},
        {"no_stream", "look at the streams there are with discover"},
        {"privilege", "grant the right that is named to this user"},
        {"rate_limit", "wait, or allow more sessions"}};
    auto const found = remedies.find(failure);
    return found == remedies.end() ? "see the message, and the log for more" : found->second;
}

}  // namespace

std::string failure_class(Error const& error) {
    static std::map<std::string_view, char const*> const classes{
        {"unknown_host", "dns"},           {"unreachable", "refused"},
        {"starting", "refused"},           {"connection_lost", "refused"},
        {"connect_timeout", "timeout"},    {"tls", "tls"},
        {"login_refused", "auth"},         {"no_database", "no_database"},
        {"no_directory", "no_database"},   {"not_a_database", "no_database"},
        {"is_a_directory", "no_database"}, {"stream_not_found", "no_stream"},
        {"privilege", "privilege"},        {"not_readable", "privilege"},
        {"not_writable", "privilege"},     {"too_many_connections", "rate_limit"}};
    std::string_view const code = error.code;
    auto const found = classes.find(code.substr(code.rfind('.') + 1));
    if (found != classes.end()) return found->second;
    if (error.status == WEIR_E_TIMEOUT) return "timeout";
    if (error.status == WEIR_E_AUTH) return "auth";
    return error.status == WEIR_E_CONFIG ? "config" : "other";
}

void CheckSteps::step(char const* name, std::function<Result<std::string>()> const& work) {
    if (!is_well_) return;
    std::int64_t const began_ns = clock_.monotonic_ns();
    Result<std::string> const done = caught(work);
    double const ms = static_cast<double>(clock_.monotonic_ns() - began_ns) / 1e6;
    is_well_ = done.has_value();
    nlohmann::json step{{"name", name}, {"ok", is_well_}, {"ms", ms}};
    if (!done) {
        error_ = to_json(done.error());
        error_["class"] = failure_class(done.error());
        error_["remedy"] = done.error().suggestion.empty()
                               ? std::string{remedy_of(failure_class(done.error()))}
                               : error_["suggestion"].get<std::string>();
    }
    step["detail"] = done ? *done : error_["message"].get<std::string>();
    steps_.push_back(std::move(step));
}

nlohmann::json CheckSteps::answer() const {
    return {{"ok", is_well_}, {"steps", steps_}, {"error", error_}};
}

}  // namespace weir::host
