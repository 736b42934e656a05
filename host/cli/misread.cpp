#include "host/cli/misread.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <string_view>
#include <vector>

#include "host/cli/command_tree.hpp"
#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

Error usage(std::string sentence, std::string where) {
    return Error{WEIR_E_CONFIG, "usage", std::move(sentence), std::move(where)};
}

Error misread(CLI::App const& app, std::string sentence, int argc, char const* const* argv) {
    CLI::App const* at = &app;
    int depth = 0;
    for (; !at->get_subcommands().empty(); ++depth) at = at->get_subcommands().front();
    std::vector<CLI::App const*> const verbs = verbs_of(*at);
    std::vector<std::string> known;
    for (CLI::Option const* option : at->get_options())
        for (std::string const& name : option->get_lnames()) known.push_back("--" + name);
    for (CLI::App const* verb : verbs) known.push_back(verb->get_name());
    for (int i = 1; i < argc; ++i) {
        std::string const word{
            std::string_view{argv[i]}.substr(0, std::string_view{argv[i]}.find('='))};
        bool const is_option = word.starts_with("--") && word.size() > 2;
        CLI::Option const* const option = is_option ? at->get_option_no_throw(word) : nullptr;
        if (option && option->get_items_expected_max() == 0 && word.size() < std::strlen(argv[i]))
            return usage(fmt::format("{} takes no value", word), word);
        bool const is_verb = i == depth + 1 && !verbs.empty() && !word.starts_with("-");
        if ((!is_option && !is_verb) || std::ranges::find(known, word) != known.end()) continue;
        Error unknown = usage(is_verb ? fmt::format("{} has no command \"{}\"", words_of(*at), word)
                                      : fmt::format("{} has no option {}", words_of(*at), word),
                              word);
        return unknown.suggest(did_you_mean(nearest(word, known), words_of(*at) + " --help"));
    }
    return usage(sentence).suggest(words_of(*at) + " --help");
}

}  // namespace weir::host
