#include <fmt/format.h>

#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/core/log_level.hpp"
#include "host/core/secret.hpp"
#include "host/http/tokens.hpp"
#include "host/serve/app.hpp"
#include "host/serve/loggers.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

/// What the server says to the terminal: its log on standard error, its address once it answers.
class Terminal {
public:
    Terminal(Clock const& clock, bool print_port) : clock_{clock}, print_port_{print_port} {}

    void format(bool as_json) { as_json_ = as_json; }
    void log(std::int32_t level, std::string_view who, std::string_view line) {
        std::string const at = rfc3339(clock_.unix_us()), masked = mask_secrets(std::string{line});
        std::string text;
        if (as_json_)
            text = nlohmann::ordered_json{{"at", at},
                                          {"level", level_name(level)},
                                          {"logger", std::string{who}},
                                          {"message", masked}}
                       .dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) +
                   "\n";
        else
            text = fmt::format("{} {:<7} {}: {}\n", at, level_name(level), who, masked);
        std::lock_guard const lock{mutex_};
        tell(text);
    }
    void ready(ServeVoice::Doors const& doors, std::uint16_t port) {
        std::string const sentence =
            fmt::format("Weir answers at {}, token in {}", doors.url, doors.token_file);
        {
            std::lock_guard const lock{mutex_};
            // A closed standard output keeps no server from serving.
            if (print_port_) (void)print(std::to_string(port) + "\n");
            if (!as_json_) tell(sentence + "\n");
            // No line of a log: whoever reads it could sign in.
            if (!as_json_ && !doors.login.empty())
                tell(fmt::format("Sign a browser in, once: {}\n", doors.login));
        }
        if (as_json_) log(level_info, "host", sentence);
    }

private:
    Clock const& clock_;
    bool print_port_, as_json_ = false;
    std::mutex mutex_;
};

}  // namespace

Exit run(ServeCommand const& command, Clock const& clock, Limits const& limits) {
    Terminal terminal{clock, command.print_port};
    Stop stop;
    std::atomic<bool> hangups{false};
    Signals const signals{stop, limits.drain_ms, [] { tell("stopping; again to end at once\n"); },
                          &hangups};
    ServeRequest request;
    request.config = command.config;
    request.hangups = &hangups;
    request.data_dir = command.data_dir;
    request.listen = command.listen;
    request.token_file = command.token_file;
    request.log_format = command.log_format;
    if (!command.log_level.empty()) request.log_level = level_named(command.log_level);
    request.admin_token = http::take_admin_token();
    request.library_dirs = library_directories("connectors", command.plugins.directories);
    for (auto const& each : library_directories("plugins", command.plugin_dirs))
        request.library_dirs.push_back(each);
    request.runner = runner_path();
    request.placement = placement_here(command.plugins);
    request.watch = command.watch;
    ServeVoice const voice{
        [&](ServeVoice::Doors const& doors, std::uint16_t port) { terminal.ready(doors, port); },
        [&](bool as_json) { terminal.format(as_json); },
        [&](std::int32_t level, std::string_view who, std::string_view line) {
            terminal.log(level, who, line);
        }};
    Result<void> served = serve(request, voice, clock, limits, stop.reading);
    if (served) return Exit::done;
    return fail(served.error(), {});
}

}  // namespace weir::host
