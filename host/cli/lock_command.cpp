#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "host/abi/child_look.hpp"
#include "host/abi/plugins_lock.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr char footer[] = R"(
While the file is there, `weir serve --data-dir DIR` loads what stands in it and nothing else; take
it away, and everything is loaded again. `host.plugins_lock` of weir.yaml, and --plugins-lock of
copy and discover, name a lock that lies elsewhere and must be there.

  weir plugin lock --data-dir /var/lib/weir      after each upgrade, and after each new library
  weir plugin lock --check                       says what differs, and changes nothing

Exit codes: 0 locked, 1 --check found a difference, 2 wrong usage, 3 it cannot be written.)";

struct LockCommand {
    std::string data_dir = "weir-data", output;
    std::vector<std::string> connector_dirs, plugin_dirs;
    bool check = false;
    Voice voice;
    fs::path file() const {
        return output.empty() ? fs::path{data_dir} / "plugins.lock" : fs::path{output};
    }
};

struct Seen {
    std::vector<LockedLibrary> libraries;
    std::vector<std::pair<fs::path, Error>> refused;
};

/// What a child says of a library; it is not loaded into this process.
Result<LockedLibrary> look_at(fs::path const& library) {
    constexpr std::int64_t look_ms_max = 30'000;
    Result<std::string> const said = look_in_child(runner_path(), library, look_ms_max);
    if (!said) return said.error();
    Json const manifest = Json::parse(*said);
    return LockedLibrary{library.filename().string(), manifest.value("id", ""),
                         manifest.value("version", ""), manifest.value("sha256", "")};
}

Seen look_around(LockCommand const& command) {
    std::vector<fs::path> directories = library_directories("connectors", command.connector_dirs);
    for (fs::path& each : library_directories("plugins", command.plugin_dirs))
        directories.push_back(std::move(each));
    Seen seen;
    std::set<fs::path> known;
    for (fs::path const& directory : directories) {
        std::error_code failed;
        for (auto const& entry : fs::directory_iterator{directory, failed}) {
            if (entry.path().extension() != ".so" ||
                !known.insert(fs::weakly_canonical(entry.path(), failed)).second)
                continue;
            Result<LockedLibrary> library = look_at(entry.path());
            if (library)
                seen.libraries.push_back(std::move(*library));
            else
                seen.refused.emplace_back(entry.path(), library.error());
        }
    }
    return seen;
}

/// "+ acme.so 1.0.0" for each that the lock did not have, "- old.so 0.9" for each that it has no
/// more.
std::vector<std::string> differences(std::vector<LockedLibrary> const& before,
                                     std::vector<LockedLibrary> const& after) {
    std::vector<std::string> lines;
    auto const add = [&lines](char sign, auto const& those, auto const& others) {
        for (LockedLibrary const& each : those)
            if (std::find(others.begin(), others.end(), each) == others.end())
                lines.push_back(fmt::format("{} {} {} {} (sha256 {:.12})", sign, each.file, each.id,
                                            each.version, each.sha256));
    };
    add('-', before, after);
    add('+', after, before);
    return lines;
}

/// Whole or not at all, and writable by nobody else.
Result<void> write_lock(fs::path const& file, std::string const& text) {
    auto const failed = [&file] {
        return Error{WEIR_E_IO, "plugin.lock_not_written",
                     fmt::format("{} cannot be written: {}", file.string(), std::strerror(errno))}
            .suggest("--data-dir or --output with a directory of your own");
    };
    std::string const unfinished = fmt::format("{}.{}.new", file.string(), ::getpid());
    int const fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) return failed();
    bool is_written = ::fchmod(fd, 0644) == 0;
    for (std::size_t done = 0; is_written && done < text.size();) {
        ssize_t const size = ::write(fd, text.data() + done, text.size() - done);
        is_written = size > 0;
        if (is_written) done += static_cast<std::size_t>(size);
    }
    is_written = is_written && ::fsync(fd) == 0;
    is_written = ::close(fd) == 0 && is_written;
    if (is_written && ::rename(unfinished.c_str(), file.c_str()) == 0) return {};
    Error error = failed();
    ::unlink(unfinished.c_str());
    return error;
}

/// As the host makes it; where it cannot be made the lock cannot be written, and says why.
void make_data_directory(fs::path const& path) {
    std::error_code failed;
    fs::path const whole = fs::absolute(path, failed);
    fs::create_directories(whole.parent_path(), failed);
    ::mkdir(whole.c_str(), 0700);
}

Exit lock(LockCommand const& command) {
    fs::path const file = command.file();
    Seen const seen = look_around(command);
    for (auto const& [path, error] : seen.refused)
        tell(fmt::format("⚠ {} is left out: {}\n", path.filename().string(), error.message));
    std::vector<LockedLibrary> before;
    std::error_code failed;
    if (fs::exists(file, failed)) {
        Result<std::vector<LockedLibrary>> known = read_plugins_lock(file);
        if (known)
            before = std::move(*known);
        else if (command.check)
            return fail(known.error(), command.voice);
    }
    std::vector<std::string> const changes = differences(before, seen.libraries);
    // A host that has not run yet has none.
    if (!command.check && command.output.empty()) make_data_directory(command.data_dir);
    if (!command.check)
        if (Result<void> done = write_lock(file, to_text(seen.libraries)); !done)
            return fail(done.error(), command.voice);
    bool const differs = command.check && !changes.empty();
    std::string text;
    for (std::string const& line : changes) text += line + "\n";
    text += command.check ? fmt::format("{} {} what is there\n", file.string(),
                                        differs ? "differs from" : "agrees with")
                          : fmt::format("{} libraries may be loaded: {}\n", seen.libraries.size(),
                                        file.string());
    if (command.voice.json)
        text = Json{{"file", file.string()},
                    {"libraries", seen.libraries.size()},
                    {"changes", changes}}
                   .dump(-1, ' ', false, Json::error_handler_t::replace) +
               "\n";
    if (!print(text)) return Exit::environment;
    return differs ? Exit::failed : Exit::done;
}

}  // namespace

void add_plugin_lock(CLI::App& plugin, Verb& chosen) {
    auto command = std::make_shared<LockCommand>();
    CLI::App* verb = plugin.add_subcommand(
        "lock", "Write which libraries may be loaded from now on: those that are here");
    verb->footer(footer);
    verb->add_option("--data-dir", command->data_dir, "Of the host; default: weir-data")
        ->type_name("DIR");
    verb->add_option("--output", command->output, "Write this; default: plugins.lock of --data-dir")
        ->type_name("FILE");
    verb->add_option("--connector-dir", command->connector_dirs, "Connectors that lie here too")
        ->type_name("DIR")
        ->allow_extra_args(false);
    verb->add_option("--plugin-dir", command->plugin_dirs, "Plugins that lie here too")
        ->type_name("DIR")
        ->allow_extra_args(false);
    verb->add_flag("--check", command->check, "Say what differs, and write nothing");
    verb->add_flag("--json", command->voice.json, "What was written, as one object");
    verb->callback([&chosen, command] { chosen = [command] { return lock(*command); }; });
}

}  // namespace weir::host
