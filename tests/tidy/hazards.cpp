#include <map>
#include <regex>
#include <set>

#include "tidy/rules.hpp"

namespace weir::tidy {
namespace {

/// "H16" → "chaos/kill", the files whose tests begin with it.
using Hazards = std::map<std::string, std::set<std::string>>;

Hazards tested(std::vector<File> const& files) {
    static std::regex const test{"^TEST(?:_[FP])?\\((\\w+), *(\\w+)\\)"}, number{"^(H\\d+)[A-Z].*"};
    static std::regex const place{"^tests/(.*)_test\\.cpp$"};
    Hazards out;
    for (File const& file : files) {
        std::smatch at, named, numbered;
        if (!std::regex_match(file.path, at, place)) continue;
        for (std::string const& line : file.lines) {
            if (!std::regex_search(line, named, test)) continue;
            for (std::string const name : {named[1].str(), named[2].str()})
                if (std::regex_match(name, numbered, number)) out[numbered[1]].insert(at[1]);
        }
    }
    return out;
}

Hazards listed(std::vector<File> const& files) {
    static std::regex const row{"^\\| (H\\d+) \\|[^|]*\\|([^|]*)\\|$"}, place{"`([^`]*)`"};
    Hazards out;
    for (File const& file : files) {
        if (file.path != "tests/README.md") continue;
        for (std::string const& line : file.lines) {
            std::smatch cells;
            if (!std::regex_match(line, cells, row)) continue;
            std::string const places = cells[2];
            for (std::sregex_iterator at{places.begin(), places.end(), place}, end; at != end; ++at)
                out[cells[1]].insert((*at)[1]);
        }
    }
    return out;
}

/// Of `these`, what `those` lack.
void compare(Hazards const& these, Hazards const& those, std::string const& why, Findings& out) {
    for (auto const& [hazard, places] : these)
        for (std::string const& place : places) {
            auto const found = those.find(hazard);
            if (found == those.end() || !found->second.contains(place))
                out.push_back("tests/README.md: " + hazard + ", " + place + ": " + why);
        }
}

}  // namespace

Findings hazards_have_tests(std::vector<File> const& files) {
    Hazards const tests = tested(files), table = listed(files);
    Findings findings;
    compare(table, tests, "no test there begins with the number", findings);
    compare(tests, table, "the table does not name it", findings);
    return findings;
}

}  // namespace weir::tidy
