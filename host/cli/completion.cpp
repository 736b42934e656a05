#include "host/cli/completion.hpp"

#include <algorithm>
#include <array>

#include "host/cli/api_client.hpp"
#include "host/cli/command_tree.hpp"

namespace weir::host {

namespace {

constexpr double host_patience_s = 0.2;
constexpr std::size_t names_max = 500;

constexpr char bash_stub[] = R"(_weir() {
    local IFS=$'\n'
    COMPREPLY=($(weir __complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _weir weir
)";
constexpr char zsh_stub[] = R"(#compdef weir
_weir() {
    local -a found
    found=("${(@f)$(weir __complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if [[ -n "${found[*]}" ]]; then compadd -- "${found[@]}"; else _files; fi
}
compdef _weir weir
)";
constexpr char fish_stub[] = R"(function __weir_complete
    set -l words (commandline -opc) (commandline -ct)
    weir __complete -- $words[2..-1] 2>/dev/null
end
complete -c weir -a '(__weir_complete)'
)";

/// Where the names are that a noun's verbs take.
struct Names {
    char const *noun, *route, *member;
};
constexpr std::array names{Names{"job", "/replication/jobs", "id"},
                           Names{"conn", "/replication/connections", "id"},
                           Names{"plugin", "/plugins", "id"},
                           Names{"run", "/runs", "run_id"},
                           Names{"dlq", "/dead-letters", "id"},
                           Names{"token", "/tokens", "id"},
                           Names{"secret", "/secrets", "name"}};

std::vector<std::string> names_of(Names const& of) {
    ClientOptions options;
    options.timeout_s = host_patience_s;
    Result<ApiClient> client = ApiClient::open(options);
    if (!client) return {};
    auto const answer =
        client->get(std::string{of.route} + "?limit=" + std::to_string(names_max));
    std::vector<std::string> found;
    if (!answer || !answer->body.is_object()) return found;
    for (auto const& each : answer->body.value("items", nlohmann::json::array()))
        if (each.is_object() && each.contains(of.member) && each[of.member].is_string())
            found.push_back(each[of.member]);
    return found;
}

/// Whether a name that is there already may stand behind the words of `verb`.
bool takes_name(CLI::App const& verb) {
    static constexpr std::array makes_new{"create", "add", "list"};
    if (std::ranges::find(makes_new, verb.get_name()) != makes_new.end()) return false;
    auto const options = verb.get_options();
    return std::ranges::any_of(options, [](CLI::Option const* each) {
        return each->get_positional() && each->get_name(true) != "FILE";
    });
}

}  // namespace

std::string completion_stub(std::string const& shell) {
    if (shell == "bash") return bash_stub;
    if (shell == "zsh") return zsh_stub;
    return shell == "fish" ? fish_stub : "";
}

std::vector<std::string> completions(CLI::App const& app, std::vector<std::string> const& words) {
    CLI::App const* at = &app;
    std::string noun;
    for (std::size_t i = 0; i + 1 < words.size(); ++i)
        for (CLI::App const* verb : verbs_of(*at))
            if (verb->get_name() == words[i]) {
                noun = at->get_name();
                at = verb;
                break;
            }
    std::string const begun = words.empty() ? "" : words.back();
    std::vector<std::string> candidates;
    if (begun.starts_with("-")) {
        for (CLI::Option const* each : at->get_options())
            for (std::string const& name : each->get_lnames()) candidates.push_back("--" + name);
    } else {
        for (CLI::App const* each : verbs_of(*at)) candidates.push_back(each->get_name());
        for (Names const& each : names)
            if (noun == each.noun && takes_name(*at)) candidates = names_of(each);
    }
    std::erase_if(candidates, [&](std::string const& each) { return !each.starts_with(begun); });
    std::ranges::sort(candidates);
    return candidates;
}

}  // namespace weir::host
