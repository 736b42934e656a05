#include "tidy/rules.hpp"

#include <functional>
#include <map>
#include <regex>
#include <set>

namespace weir::tidy {
namespace {

using Matches = std::function<bool(std::string const&)>;

/// The lines of the files that `concerns` picks, where `is_wrong` holds.
Findings search(std::vector<File> const& files, std::function<bool(File const&)> const& concerns,
                Matches const& is_wrong, std::string const& why) {
    Findings findings;
    for (File const& file : files) {
        if (!concerns(file)) continue;
        for (std::size_t i = 0; i < file.lines.size(); ++i)
            if (is_wrong(file.lines[i]))
                findings.push_back(file.path + ":" + std::to_string(i + 1) + ": " + why);
    }
    return findings;
}

Matches contains(std::string const& pattern) {
    return [expression = std::regex{pattern}](std::string const& line) {
        return std::regex_search(line, expression);
    };
}

std::size_t code_points(std::string const& line) {
    std::size_t count = 0;
    for (char const c : line) count += (static_cast<unsigned char>(c) & 0xC0) != 0x80;
    return count;
}

/// Where a floor stands in the host; 0: not one.
int height(std::string const& floor) {
    static std::map<std::string, int> const heights{
        {"core", 1}, {"abi", 2},  {"store", 2}, {"child", 3},
        {"run", 3},  {"http", 4}, {"serve", 5}, {"cli", 6}};
    auto const found = heights.find(floor);
    return found == heights.end() ? 0 : found->second;
}

std::string second_part(std::string const& path) {
    std::size_t const from = path.find('/') + 1;
    std::size_t const to = path.find('/', from);
    return to == std::string::npos ? "" : path.substr(from, to - from);
}

bool host_may(std::string const& from_path, std::string const& include) {
    int const from = height(second_part(from_path)), to = height(second_part(include));
    if (from == 0) return true;  // host/main.cpp and its like see all of the host
    if (second_part(from_path) == second_part(include)) return true;
    return to != 0 && to < from;
}

/// Whether the file at `path` may include `include`, as it stands between the quotes.
bool may_include(std::string const& path, std::string const& include) {
    auto is = [](std::string const& text, char const* start) { return text.starts_with(start); };
    if (is(include, "../") && !is(path, "sdk/include/weir/cpp/")) return false;
    if (is(path, "tests/")) return !is(path, "tests/support/") || !is(include, "host/");
    if (is(include, "support/") || is(include, "gtest/")) return is(path, "sdk/testkit/");
    if (is(path, "host/")) return !is(include, "host/") || host_may(path, include);
    // The SDK and what is built on it alone.
    if (is(include, "host/") || is(include, "boost/")) return false;
    if (is(path, "connectors/") && is(include, "connectors/"))
        return second_part(path) == second_part(include);
    if (is(path, "sdk/include/weir/cpp/") && is(include, "nlohmann/"))
        return path == "sdk/include/weir/cpp/json.hpp";
    return true;
}

}  // namespace

Findings floors(std::vector<File> const& files) {
    static std::regex const expression{R"(^\s*#\s*include\s*([<"])([^>"]+)[>"])"};
    Findings findings;
    for (File const& file : files) {
        bool const is_c_header = file.in("sdk/include/weir") && file.path.ends_with(".h");
        for (std::size_t i = 0; i < file.lines.size(); ++i) {
            std::smatch found;
            if (!std::regex_search(file.lines[i], found, expression)) continue;
            std::string const include = found[2];
            bool allowed = may_include(file.path, include);
            if (is_c_header)
                allowed = found[1] == "\"" || include == "stddef.h" || include == "stdint.h";
            if (!allowed)
                findings.push_back(file.path + ":" + std::to_string(i + 1) + ": may not include " +
                                   include);
        }
    }
    return findings;
}

Findings c_headers_are_only_in_the_sdk(std::vector<File> const& files) {
    Findings findings;
    for (File const& file : files)
        if (file.path.ends_with(".h") && file.folder() != "sdk/include/weir" &&
            !file.in("sdk/examples") && !file.in("tests/abi/golden"))
            findings.push_back(file.path + ": .h is C and lies in sdk/include/weir");
    return findings;
}

Findings at_most_100_columns(std::vector<File> const& files) {
    return search(
        files, [](File const& file) { return file.is_code(); },
        [](std::string const& line) { return code_points(line) > 100; }, "more than 100 columns");
}

Findings at_most_450_lines(std::vector<File> const& files) {
    Findings findings;
    for (File const& file : files)
        if (file.is_code() && file.lines.size() > 450)
            findings.push_back(file.path + ": " + std::to_string(file.lines.size()) + " lines");
    return findings;
}

Findings a_readme_per_folder(std::vector<File> const& files) {
    std::set<std::string> folders, told;
    for (File const& file : files) {
        if (file.path.ends_with("README.md")) told.insert(file.folder());
        bool const is_part = file.path.find("include/") != std::string::npos ||
                             file.in("sdk/cmake") || file.in("sdk/testkit/include");
        if (file.is_code() && !is_part) folders.insert(file.folder());
    }
    Findings findings;
    for (std::string const& folder : folders)
        if (!told.contains(folder)) findings.push_back(folder + "/ has no README.md");
    return findings;
}

Findings only_the_command_line_prints(std::vector<File> const& files) {
    return search(
        files,
        [](File const& file) {
            return (file.in("host") && !file.in("host/cli")) || file.in("connectors") ||
                   file.in("plugins") || file.in("sdk");
        },
        contains(R"(std::c(out|err)\b|[^a-z_]printf\()"), "only host/cli speaks to the terminal");
}

Findings tests_wait_for_events(std::vector<File> const& files) {
    return search(
        files, [](File const& file) { return file.in("tests") && !file.in("tests/bench"); },
        contains("sleep_"
                 "(for|until)|\\bu?sleep"
                 "\\(|nano"
                 "sleep|^\\s*sleep"
                 " [0-9]"),
        "a test waits for an event, not for time");
}

Findings no_channels_on_the_data_path(std::vector<File> const& files) {
    Findings findings = search(
        files, [](File const& file) { return file.in("host"); }, contains("\\bchannel<"),
        "a closed channel loses what is buffered");
    Findings const spawns = search(
        files,
        [](File const& file) {
            return file.in("host") && !file.in("host/core") && !file.in("host/http");
        },
        contains("\\bco_spawn\\("), "co_spawn stands in core and http only");
    findings.insert(findings.end(), spawns.begin(), spawns.end());
    return findings;
}

Findings nothing_is_left_for_later(std::vector<File> const& files) {
    return search(
        files, [](File const&) { return true; },
        contains("\\b(TO"
                 "DO|FIX"
                 "ME|XX"
                 "X)\\b|not (yet )?imple"
                 "mented"),
        "a word of unfinished work");
}

Findings test_names_are_claims(std::vector<File> const& files) {
    return search(
        files,
        [](File const& file) {
            return (file.in("tests") || file.in("sdk/testkit")) && file.path.ends_with("pp");
        },
        contains("^TEST(_[FP])?\\([^)]*_|GTEST_"
                 "SKIP|DISABLED"
                 "_"),
        "no underscore in a test's name, and none is skipped");
}

}  // namespace weir::tidy
