#include "host/cli/man_pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "host/cli/command_tree.hpp"

namespace weir::host {

namespace {

/// Text that man shows as it is: hyphens are minus signs, and no line begins a request.
std::string plain(std::string const& text) {
    std::string out;
    bool is_start = true;
    for (char const c : text) {
        if (is_start && (c == '.' || c == '\'')) out += "\\&";
        if (c == '\\')
            out += "\\e";
        else if (c == '-')
            out += "\\-";
        else
            out += c;
        is_start = c == '\n';
    }
    return out;
}

std::string argument(CLI::Option const& option) {
    std::string const name = option.get_name(true);
    std::string const many = option.get_items_expected_max() > 1 ? "..." : "";
    return option.get_required() ? name + many : "[" + name + many + "]";
}

std::string synopsis(CLI::App const& app) {
    std::string out = ".B " + plain(words_of(app, ' ')) + "\n";
    if (!verbs_of(app).empty()) out += ".I COMMAND\n";
    out += "[\\fIOPTIONS\\fR]\n";
    for (CLI::Option const* each : app.get_options())
        if (each->get_positional()) out += plain(argument(*each)) + "\n";
    return out;
}

std::string options_text(CLI::App const& app) {
    std::string arguments, options;
    for (CLI::Option const* each : app.get_options()) {
        if (each->get_positional()) {
            arguments += fmt::format(".TP\n.I {}\n{}\n", plain(each->get_name(true)),
                                     plain(each->get_description()));
            continue;
        }
        std::string names;
        for (std::string const& name : each->get_snames())
            names += (names.empty() ? "-" : ", -") + name;
        for (std::string const& name : each->get_lnames())
            names += (names.empty() ? "--" : ", --") + name;
        std::string const type = each->get_type_name();  // "N:INT in [1 - 5]"
        std::string const value = each->get_items_expected_max() > 0
                                      ? " \\fI" + plain(type.substr(0, type.find(':'))) + "\\fR"
                                      : "";
        options += fmt::format(".TP\n\\fB{}\\fR{}\n{}\n", plain(names), value,
                               plain(each->get_description()));
    }
    std::string out;
    if (!arguments.empty()) out += ".SH ARGUMENTS\n" + arguments;
    if (!options.empty()) out += ".SH OPTIONS\n" + options;
    return out;
}

std::string commands_text(CLI::App const& app) {
    std::string out;
    for (CLI::App const* each : verbs_of(app))
        out += fmt::format(".TP\n.BR {} (1)\n{}\n", plain(words_of(*each, '-')),
                           plain(each->get_description()));
    return out.empty() ? out : ".SH COMMANDS\n" + out;
}

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return text;
}

void add_pages(CLI::App const& app, std::string const& version, std::vector<ManPage>& pages) {
    std::string const name = words_of(app, '-');
    std::string text =
        fmt::format(".TH {} 1 \"\" \"Weir {}\" \"Weir\"\n", upper(plain(name)), version);
    text += fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n{}", plain(name),
                        plain(app.get_description()), synopsis(app));
    text += commands_text(app) + options_text(app);
    if (!app.get_footer().empty())
        text += fmt::format(".SH NOTES\n.nf\n{}\n.fi\n",
                            plain(CLI::detail::trim_copy(app.get_footer())));
    text += ".SH EXIT STATUS\n0 done, 1 the work failed, 2 wrong usage or configuration, 3 the "
            "environment failed, 4 some records rejected or some streams failed, 130 "
            "interrupted.\n";
    if (CLI::App const* const parent = app.get_parent())
        text += fmt::format(".SH SEE ALSO\n.BR {} (1)\n", plain(words_of(*parent, '-')));
    pages.push_back({name + ".1", std::move(text)});
    for (CLI::App const* each : verbs_of(app)) add_pages(*each, version, pages);
}

}  // namespace

std::vector<ManPage> man_pages(CLI::App const& app, std::string const& version) {
    std::vector<ManPage> pages;
    add_pages(app, version, pages);
    return pages;
}

}  // namespace weir::host
