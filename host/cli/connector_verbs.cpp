#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "host/cli/commands.hpp"
#include "host/cli/connector_verbs.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/core/text.hpp"

namespace weir::host {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct NewProject {
    std::string name, language = "cpp", directory;
    Voice voice;
};

// name := [a-z] [a-z0-9_]{0,39}
bool is_name(std::string_view text) {
    auto const is_word = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && text.size() <= 40 && text[0] >= 'a' && text[0] <= 'z' &&
           std::all_of(text.begin(), text.end(), is_word);
}

/// sales_log -> SalesLog
std::string class_name(std::string_view name) {
    std::string out;
    bool is_start = true;
    for (char const c : name) {
        bool const is_raised = is_start && c >= 'a' && c <= 'z';
        if (c != '_') out += is_raised ? static_cast<char>(c - 'a' + 'A') : c;
        is_start = c == '_';
    }
    return out;
}

/// `text` with the name of the project in the place of the template's, which is acme.
std::string named(std::string text, std::string const& name) {
    auto const replace = [&text](std::string_view what, std::string const& by) {
        for (std::size_t at = text.find(what); at != text.npos;
             at = text.find(what, at + by.size()))
            text.replace(at, what.size(), by);
    };
    replace("acme", name);
    replace("Acme", class_name(name));
    return text;
}

Result<void> write_new(fs::path const& path, std::string const& text) {
    std::ofstream out{path, std::ios::binary | std::ios::trunc};
    out << text;
    if (out.flush()) return {};
    return Error{WEIR_E_IO, "connector.not_written",
                 fmt::format("{} cannot be written", path.string()), "--dir"};
}

/// Writes the project and answers its files, in order.
Result<std::vector<std::string>> unpack(NewProject const& project, fs::path const& directory) {
    fs::path const from = prefix_here() / "share/weir/templates" / project.language;
    std::error_code failed;
    std::vector<fs::path> files;
    for (auto const& entry : fs::directory_iterator{from, failed}) files.push_back(entry.path());
    if (failed || files.empty())
        return Error{WEIR_E_UNSUPPORTED, "connector.sdk_missing",
                     fmt::format("there is no template at {}", from.string())}
            .suggest("install the SDK (weir-dev) beside weir");
    if (fs::exists(directory, failed) && !fs::is_empty(directory, failed))
        return Error{WEIR_E_CONFIG, "connector.exists",
                     fmt::format("{} is there and not empty; nothing was written",
                                 directory.string()),
                     "--dir"}
            .suggest("--dir DIR");
    fs::create_directories(directory, failed);
    std::sort(files.begin(), files.end());
    std::vector<std::string> written;
    for (fs::path const& file : files) {
        std::ifstream in{file, std::ios::binary};
        std::string const text{std::istreambuf_iterator<char>{in}, {}};
        written.push_back(named(file.filename().string(), project.name));
        Result<void> const done = write_new(directory / written.back(), named(text, project.name));
        if (!done) return done.error();
    }
    return written;
}

/// Two of one name would be told apart by nobody: the second is refused when it is loaded.
std::optional<Error> taken(std::string const& name) {
    Registry registry{library_directories("connectors", {})};
    for (Registry::Library const& library : registry.libraries())
        for (ComponentInfo const& info : library.manifest.components)
            if (info.id == name ||
                std::count(info.schemes.begin(), info.schemes.end(), name) != 0)
                return Error{WEIR_E_CONFIG, "connector.exists",
                             fmt::format("Weir comes with a connector {} already, {}", name,
                                         library.path.filename().string()),
                             "NAME"}
                    .suggest("another name, as in my_" + name);
    return std::nullopt;
}

Exit create(NewProject const& project) {
    if (!is_name(project.name))
        return fail(Error{WEIR_E_CONFIG, "usage",
                          fmt::format("\"{}\" is no name of a connector: a lower-case letter, then "
                                      "letters, digits and _, 40 at most",
                                      project.name),
                          "NAME"},
                    project.voice);
    if (std::optional<Error> const error = taken(project.name))
        return fail(*error, project.voice);
    fs::path const directory = project.directory.empty() ? project.name : project.directory;
    Result<std::vector<std::string>> const files = unpack(project, directory);
    if (!files) return fail(files.error(), project.voice);
    if (project.voice.json) {
        Json const json{{"directory", directory.string()}, {"files", *files}};
        return print(json) ? Exit::done : Exit::environment;
    }
    // An installation that is not where CMake looks has to be named.
    fs::path const prefix = prefix_here();
    bool const is_found = prefix == "/usr" || prefix == "/usr/local";
    std::string const where =
        is_found ? "" : " " + shell_word("-DCMAKE_PREFIX_PATH=" + prefix.string());
    std::string const build = shell_word((directory / "build").string());
    std::string text = fmt::format(
        "{}: {}\n\n  cmake -S {} -B {}{} && cmake --build {}\n"
        "  ctest --test-dir {} --output-on-failure\n"
        "  weir discover {} --connector-dir {}\n",
        directory.string(), fmt::join(*files, ", "), shell_word(directory.string()), build, where,
        build, build, shell_word(project.name + ":" + (directory / "README.md").string()),
        shell_word((directory / "build/lib/weir/connectors").string()));
    fs::path const guide = prefix / "share/doc/weir-dev/README.md";
    std::error_code failed;
    if (fs::exists(guide, failed)) text += fmt::format("\nthe guide: {}\n", guide.string());
    return print(text) ? Exit::done : Exit::environment;
}

std::vector<std::string> roles_of(ComponentInfo const& info) {
    std::vector<std::string> roles;
    if (info.roles & WEIR_ROLE_SOURCE) roles.emplace_back("source");
    if (info.roles & WEIR_ROLE_SINK) roles.emplace_back("sink");
    return roles;
}

Exit list(std::vector<std::string> const& directories, Voice const& voice) {
    Registry registry{library_directories("connectors", directories), nullptr,
                      LoadRules{{}, placement_here()}};
    Json items = Json::array();
    std::vector<std::vector<std::string>> rows;
    for (Registry::Library const& library : registry.libraries())
        for (ComponentInfo const& info : library.manifest.components) {
            if (!info.is_connector()) continue;
            std::vector<std::string> const roles = roles_of(info);
            items.push_back({{"type", info.id},
                             {"title", info.title},
                             {"roles", roles},
                             {"plugin", library.manifest.id},
                             {"version", library.manifest.version},
                             {"file", library.path.string()}});
            rows.push_back({info.id, info.title, fmt::format("{}", fmt::join(roles, ", ")),
                            library.manifest.version, library.path.string()});
        }
    for (Refusal const& refusal : registry.refusals())
        tell(fmt::format("⚠ {}: {}\n", refusal.path.string(), refusal.error.message));
    std::vector<std::string> const headings{"TYPE", "TITLE", "ROLES", "VERSION", "FILE"};
    Result<void> done;
    if (voice.json)
        done = print(Json{{"items", std::move(items)}});
    else
        done = print(table(headings, rows));
    return done ? Exit::done : Exit::environment;
}

void add_new(CLI::App& connector, Verb& chosen) {
    auto project = std::make_shared<NewProject>();
    CLI::App* verb = connector.add_subcommand(
        "new", "Write a project of a connector that builds, works, and passes the suite");
    verb->add_option("NAME", project->name, "Its name: shop, sales_log")->required();
    verb->add_option("--language", project->language, "cpp | c; default: cpp")
        ->check(CLI::IsMember({"cpp", "c"}))
        ->type_name("LANGUAGE");
    verb->add_option("--dir", project->directory, "Write it here; default: ./NAME")
        ->type_name("DIR");
    verb->add_flag("--json", project->voice.json, "What was written, as one object");
    verb->callback([&chosen, project] { chosen = [project] { return create(*project); }; });
}

void add_list(CLI::App& connector, Verb& chosen) {
    auto directories = std::make_shared<std::vector<std::string>>();
    auto voice = std::make_shared<Voice>();
    CLI::App* verb = connector.add_subcommand("list", "The connectors that weir finds here");
    verb->add_option("--connector-dir", *directories, "Look for connectors here too")
        ->type_name("DIR")
        ->allow_extra_args(false);
    verb->add_flag("--json", voice->json, "One object with all of them");
    verb->callback([&chosen, directories, voice] {
        chosen = [directories, voice] { return list(*directories, *voice); };
    });
}

}  // namespace

void add_connector_verbs(CLI::App& app, Verb& chosen) {
    CLI::App* connector =
        app.add_subcommand("connector", "For authors of connectors; none needs a host");
    connector->require_subcommand(1);
    add_list(*connector, chosen);
    add_new(*connector, chosen);
    add_connector_test(*connector, chosen);
}

}  // namespace weir::host
