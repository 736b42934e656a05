#include "host/cli/command_tree.hpp"

#include <algorithm>

namespace weir::host {

std::string words_of(CLI::App const& command, char between) {
    CLI::App const* const parent = command.get_parent();
    return parent ? words_of(*parent, between) + between + command.get_name()
                  : command.get_name();
}

std::vector<CLI::App const*> verbs_of(CLI::App const& command) {
    auto found = command.get_subcommands([](CLI::App const*) { return true; });
    std::ranges::sort(found, {}, [](CLI::App const* each) { return each->get_name(); });
    return found;
}

}  // namespace weir::host
