#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>

#include "host/abi/child_look.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/cli/verbs.hpp"
#include "host/serve/app.hpp"
#include "host/store/care.hpp"

namespace weir::host {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

struct DoctorArguments {
    std::string config, data_dir = "weir-data";
    ClientOptions client;
};

/// One thing that was looked at. `level`: "ok", "warn" (works, and will not always) or "bad".
struct Sign {
    std::string name, level, detail, remedy = {};
};

class Doctor {
public:
    explicit Doctor(DoctorArguments const& arguments) : arguments_{arguments} {}

    std::vector<Sign> examine() && {
        look_at_clock();
        look_at_zones();
        look_at_libraries();
        look_at_directory();
        look_at_config();
        look_at_host();
        return std::move(signs_);
    }

private:
    void good(std::string name, std::string detail) {
        signs_.push_back({std::move(name), "ok", std::move(detail)});
    }
    void warn(std::string name, std::string detail, std::string remedy) {
        signs_.push_back({std::move(name), "warn", std::move(detail), std::move(remedy)});
    }
    void bad(std::string name, std::string detail, std::string remedy) {
        signs_.push_back({std::move(name), "bad", std::move(detail), std::move(remedy)});
    }

    void look_at_clock() {
        constexpr std::int64_t built_after_us = 1'767'225'600'000'000;  // 2026
        if (SystemClock{}.unix_us() < built_after_us)
            bad("clock", "it shows a time before Weir was written", "set the clock: timedatectl");
        else
            good("clock", "plausible");
    }

    void look_at_zones() {
        if (fs::exists("/usr/share/zoneinfo/Europe/Berlin"))
            good("zones", "/usr/share/zoneinfo");
        else
            bad("zones", "there are no time zones in /usr/share/zoneinfo",
                "install the package tzdata");
    }

    /// In a child each, since a damaged one does not leave its process alive.
    void look_at_libraries() {
        constexpr std::int64_t look_ms = 10'000;
        std::size_t count = 0;
        for (char const* const kind : {"connectors", "plugins"})
            for (fs::path const& directory : library_directories(kind, {})) {
                std::error_code failed;
                for (auto const& entry : fs::directory_iterator{directory, failed}) {
                    if (entry.path().extension() != ".so") continue;
                    ++count;
                    look_at_library(entry.path(), look_ms);
                }
            }
        if (count == 0)
            bad("libraries", "there is no connector beside this program",
                "install weir whole, or --connector-dir DIR");
    }

    void look_at_library(fs::path const& library, std::int64_t look_ms) {
        std::string const name = "library " + library.stem().string();
        Result<std::string> const said = look_in_child(runner_path(), library, look_ms);
        if (!said) return bad(name, said.error().message, "weir explain " + said.error().code);
        good(name, cell(Json::parse(*said), "version"));
    }

    void look_at_directory() {
        fs::path const directory = arguments_.data_dir;
        struct ::stat seen{};
        if (::stat(directory.c_str(), &seen) != 0)
            return good("state", fmt::format("{} will be made by the first weir serve",
                                             directory.string()));
        if (!S_ISDIR(seen.st_mode))
            return bad("state", fmt::format("{} is no directory", directory.string()),
                       "weir serve --data-dir DIR");
        if (seen.st_mode & 077)
            warn("state", fmt::format("others may look into {}", directory.string()),
                 fmt::format("chmod 700 {}", directory.string()));
        if (::access(directory.c_str(), W_OK) != 0)
            bad("state", fmt::format("{} cannot be written by you", directory.string()),
                "as the user of the host");
        look_at_space(directory);
        look_at_key(directory / "master.key");
        if (!fs::exists(directory / "state.db")) return;
        if (Result<void> const whole = host::examine(directory / "state.db"); !whole)
            bad("state", whole.error().message, whole.error().suggestion);
        else
            good("state", fmt::format("{} is whole", (directory / "state.db").string()));
    }

    void look_at_space(fs::path const& directory) {
        constexpr std::uint64_t least_bytes = 256u << 20;
        struct ::statvfs disk{};
        if (::statvfs(directory.c_str(), &disk) != 0) return;
        std::uint64_t const free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
        std::string const detail = fmt::format("{} MiB free", free >> 20);
        if (free < least_bytes)
            warn("disk", detail, "make room: a full disk stops jobs, and loses nothing");
        else
            good("disk", detail);
    }

    void look_at_key(fs::path const& key) {
        struct ::stat seen{};
        if (::stat(key.c_str(), &seen) != 0) return;
        if (seen.st_mode & 077)
            bad("key", fmt::format("others may read {}", key.string()),
                fmt::format("chmod 600 {}", key.string()));
        else
            good("key", fmt::format("{}, yours alone; keep a copy elsewhere", key.string()));
    }

    void look_at_config() {
        if (arguments_.config.empty()) return;
        ServeRequest request;
        request.config = arguments_.config;
        for (char const* const kind : {"connectors", "plugins"})
            for (fs::path const& each : library_directories(kind, {}))
                request.library_dirs.push_back(each);
        request.runner = runner_path();
        Result<Json> const seen = validate_config(request, SystemClock{}, Limits{});
        if (!seen) return bad("config", seen.error().message, seen.error().suggestion);
        std::size_t const wrong = seen->value("errors", Json::array()).size();
        if (wrong > 0)
            bad("config", fmt::format("{} has {} mistakes", arguments_.config, wrong),
                fmt::format("weir validate {}", arguments_.config));
        else
            good("config", arguments_.config);
    }

    void look_at_host() {
        Result<ApiClient> client = ApiClient::open(arguments_.client);
        if (!client) return warn("host", client.error().message, client.error().suggestion);
        auto ready = client->get("/readyz?verbose");
        if (!ready) return warn("host", ready.error().message, "weir serve");
        for (Json const& check : ready->body.value("checks", Json::array()))
            if (!check.value("ok", false))
                bad("host " + cell(check, "name"), cell(check, "detail"), "weir status");
        for (PluginAmiss const& each : plugins_amiss(*client))
            bad("plugin " + each.id, each.why, each.remedy);
        good("host", fmt::format("answers at {}", client->server()));
        if (auto trail = client->get("/audit/verification"); trail) {
            if (trail->body.value("ok", false))
                good("audit", fmt::format("{} entries, as they were written",
                                          cell(trail->body, "rows")));
            else
                bad("audit", cell(trail->body, "why"), "weir audit verify");
        }
    }

    DoctorArguments const& arguments_;
    std::vector<Sign> signs_;
};

std::string sign_text(Sign const& sign) {
    char const* const mark = sign.level == "ok" ? "✓" : sign.level == "warn" ? "⚠" : "✗";
    std::string text = fmt::format("{} {:<20} {}\n", mark, sign.name, sign.detail);
    if (!sign.remedy.empty()) text += fmt::format("    → {}\n", sign.remedy);
    return text;
}

Exit examined(DoctorArguments const& arguments) {
    std::vector<Sign> const signs = Doctor{arguments}.examine();
    bool is_well = true;
    Json checks = Json::array();
    std::string text;
    for (Sign const& sign : signs) {
        is_well = is_well && sign.level != "bad";
        text += sign_text(sign);
        checks.push_back({{"name", sign.name}, {"level", sign.level}, {"detail", sign.detail}});
        if (!sign.remedy.empty()) checks.back()["remedy"] = sign.remedy;
    }
    if (arguments.client.voice.json)
        text = Json{{"ok", is_well}, {"checks", checks}}.dump(
                   -1, ' ', false, Json::error_handler_t::replace) +
               "\n";
    if (Result<void> const printed = print(text); !printed) return exit_of(printed.error());
    return is_well ? Exit::done : Exit::environment;
}

}  // namespace

void add_doctor(CLI::App& app, Verb& chosen) {
    auto arguments = std::make_shared<DoctorArguments>();
    CLI::App* doctor =
        app.add_subcommand("doctor", "What is wrong here, and what to do: libraries, state, host");
    doctor->add_option("--config", arguments->config, "Look at this weir.yaml too")
        ->type_name("FILE");
    doctor->add_option("--data-dir", arguments->data_dir, "State to look at")
        ->type_name("DIR")
        ->capture_default_str();
    add_client(*doctor, arguments->client);
    doctor->callback([&chosen, arguments] {
        chosen = [arguments] { return examined(*arguments); };
    });
}

}  // namespace weir::host
