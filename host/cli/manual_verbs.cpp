#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "host/cli/commands.hpp"
#include "host/cli/completion.hpp"
#include "host/cli/man_pages.hpp"
#include "host/cli/output.hpp"
#include "host/cli/verbs.hpp"

namespace weir::host {

namespace {

Exit printed(std::string const& text) {
    Result<void> const done = print(text);
    if (done) return Exit::done;
    tell(to_text(done.error()));
    return exit_of(done.error());
}

Exit write_pages(std::vector<ManPage> const& pages, std::string const& directory) {
    std::error_code failed;
    std::filesystem::create_directories(directory, failed);
    for (ManPage const& page : pages) {
        std::filesystem::path const path = std::filesystem::path{directory} / page.file;
        std::ofstream out{path, std::ios::binary | std::ios::trunc};
        out << page.text;
        if (!out.flush())
            return fail(Error{WEIR_E_IO, "man.not_written",
                              fmt::format("{} cannot be written", path.string()), "--dir"},
                        {});
    }
    return Exit::done;
}

Exit show_page(std::vector<ManPage> const& pages, std::vector<std::string> const& words) {
    std::string name = "weir";
    for (std::string const& word : words) name += "-" + word;
    for (ManPage const& page : pages)
        if (page.file == name + ".1") return printed(page.text);
    return fail(Error{WEIR_E_CONFIG, "usage", fmt::format("there is no page {}(1)", name),
                      "COMMAND"}
                    .suggest("weir --help"),
                {});
}

void add_man(CLI::App& app, Verb& chosen) {
    auto words = std::make_shared<std::vector<std::string>>();
    auto directory = std::make_shared<std::string>();
    CLI::App* man = app.add_subcommand("man", "The manual: weir man job run | man -l -");
    man->add_option("COMMAND", *words, "What about; default: all of it");
    man->add_option("--dir", *directory, "Write every page into this directory")->type_name("DIR");
    man->callback([&app, &chosen, words, directory] {
        chosen = [pages = man_pages(app, WEIR_VERSION), words, directory] {
            return directory->empty() ? show_page(pages, *words) : write_pages(pages, *directory);
        };
    });
}

void add_completion(CLI::App& app, Verb& chosen) {
    auto shell = std::make_shared<std::string>();
    CLI::App* verb = app.add_subcommand(
        "completion", "What a shell reads for Tab: source <(weir completion bash)");
    verb->add_option("SHELL", *shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::IsMember({"bash", "zsh", "fish"}));
    verb->callback([&chosen, shell] {
        chosen = [shell] { return printed(completion_stub(*shell)); };
    });
}

}  // namespace

void add_manual_verbs(CLI::App& app, Verb& chosen) {
    add_man(app, chosen);
    add_completion(app, chosen);
}

}  // namespace weir::host
