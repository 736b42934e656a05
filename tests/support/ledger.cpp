#include "support/ledger.hpp"

#include <map>

namespace weir::test {
namespace {

void print(std::ostream& out, char const* what, std::vector<std::string> const& keys) {
    out << keys.size() << " " << what;
    for (std::size_t i = 0; i < keys.size() && i < 5; ++i) out << (i ? ", " : " (") << keys[i];
    out << (keys.empty() ? "" : keys.size() > 5 ? ", ...)" : ")") << "; ";
}

}  // namespace

std::ostream& operator<<(std::ostream& out, Differences const& differences) {
    print(out, "lost", differences.lost);
    print(out, "phantom", differences.phantom);
    print(out, "stale", differences.stale);
    print(out, "doubled", differences.doubled);
    return out;
}

Differences compare(std::vector<Record> const& source, std::vector<Record> const& target) {
    Differences found;
    std::map<std::string, std::pair<Record const*, int>> expected;
    for (Record const& record : source) expected[record.at(0).value_or("null")] = {&record, 0};
    for (Record const& record : target) {
        std::string const key = record.at(0).value_or("null");
        auto const at = expected.find(key);
        if (at == expected.end()) {
            found.phantom.push_back(key);
            continue;
        }
        if (++at->second.second == 2) found.doubled.push_back(key);
        if (*at->second.first != record) found.stale.push_back(key);
    }
    for (auto const& [key, seen] : expected)
        if (seen.second == 0) found.lost.push_back(key);
    return found;
}

}  // namespace weir::test
