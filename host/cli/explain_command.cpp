#include <fmt/format.h>

#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/cli/table.hpp"
#include "host/cli/verbs.hpp"
#include "host/serve/self_routes.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

struct ExplainArguments {
    std::string code;
    std::vector<std::string> library_dirs;
    Voice voice;
};

Exit printed(Result<void> const& done) {
    if (done) return Exit::done;
    tell(to_text(done.error()));
    return exit_of(done.error());
}

Exit list_codes(Registry& registry, Voice const& voice) {
    std::vector<Json> const rows = error_catalogue(registry);
    if (voice.json)
        return printed(print(Json{{"items", rows}, {"next", nullptr}}.dump() + "\n"));
    std::vector<std::vector<std::string>> lines;
    for (Json const& row : rows) lines.push_back({cell(row, "code"), cell(row, "title")});
    return printed(print(table({"CODE", "MEANS"}, lines)));
}

/// Needs no host: the table is the program's, and the manifests lie beside the libraries.
Exit explain_one(ExplainArguments const& arguments) {
    std::vector<std::filesystem::path> all =
        library_directories("connectors", arguments.library_dirs);
    for (auto const& each : library_directories("plugins", {})) all.push_back(each);
    Registry registry{all};
    if (arguments.code.empty()) return list_codes(registry, arguments.voice);
    Result<Json> const row = explain_code(registry, arguments.code);
    if (!row) return fail(row.error(), arguments.voice);
    if (arguments.voice.json) return printed(print(row->dump() + "\n"));
    return printed(print(fmt::format("{}   {}\n    {}\n    → {}\n", cell(*row, "code"),
                                     cell(*row, "title"), cell(*row, "cause"),
                                     cell(*row, "remedy"))));
}

}  // namespace

void add_explain(CLI::App& app, Verb& chosen) {
    auto arguments = std::make_shared<ExplainArguments>();
    CLI::App* verb = app.add_subcommand("explain", "What a code of an error means, and what to do");
    verb->add_option("CODE", arguments->code, "run.active, …; without one: all codes");
    verb->add_option("--library-dir", arguments->library_dirs, "Codes of the libraries here too")
        ->type_name("DIR")
        ->allow_extra_args(false);
    verb->add_flag("--json", arguments->voice.json, "The row as it is");
    verb->callback([arguments, &chosen] {
        chosen = [arguments] { return explain_one(*arguments); };
    });
}

}  // namespace weir::host
