#include <fmt/format.h>

#include <filesystem>
#include <mutex>

#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/core/secret.hpp"
#include "host/http/tokens.hpp"
#include "host/serve/app.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

/// What the server says to the terminal: its log on standard error, its address once it answers.
class Terminal {
public:
    Terminal(Clock const& clock, bool print_port) : clock_{clock}, print_port_{print_port} {}

    void log(std::int32_t level, std::string_view who, std::string_view line) {
        static constexpr char const* names[] = {"trace", "debug", "info", "warn", "error"};
        if (level < 2) return;
        std::string const text = fmt::format("{} {:<5} {}: {}\n", rfc3339(clock_.unix_us()),
                                             names[std::min(level, std::int32_t{4})], who, line);
        std::lock_guard const lock{mutex_};
        tell(mask_secrets(text));
    }
    void ready(ServeVoice::Doors const& doors, std::uint16_t port) {
        std::lock_guard const lock{mutex_};
        // A closed standard output keeps no server from serving.
        if (print_port_) (void)print(std::to_string(port) + "\n");
        tell(fmt::format("Weir answers at {}, token in {}\n", doors.url, doors.token_file));
        if (!doors.login.empty())
            tell(fmt::format("Sign a browser in, once: {}\n", doors.login));
    }

private:
    Clock const& clock_;
    bool print_port_;
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
    request.admin_token = http::take_admin_token();
    request.library_dirs = library_directories("connectors", command.connector_dirs);
    for (auto const& each : library_directories("plugins", command.plugin_dirs))
        request.library_dirs.push_back(each);
    request.runner = runner_path();
    request.watch = command.watch;
    ServeVoice const voice{
        [&](ServeVoice::Doors const& doors, std::uint16_t port) { terminal.ready(doors, port); },
        [&](std::int32_t level, std::string_view who, std::string_view line) {
            terminal.log(level, who, line);
        }};
    Result<void> served = serve(request, voice, clock, limits, stop.reading);
    if (served) return Exit::done;
    return fail(served.error(), {});
}

}  // namespace weir::host
