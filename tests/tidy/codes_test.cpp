// Every code of an error that the source gives has its row in a table, and every row is of a code
// that is given: the host's table, or the library's own (errors.hpp).
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "host/core/error_codes.hpp"
#include "tidy/tree.hpp"

namespace weir::tidy {
namespace {

using Names = std::set<std::string>;

/// "connectors/sqlite", "plugins/cron"; of all else "host".
std::string library_of(std::string const& path) {
    bool const is_library = path.starts_with("connectors/") || path.starts_with("plugins/");
    return is_library ? path.substr(0, path.find('/', path.find('/') + 1)) : "host";
}

bool is_source(File const& file) {
    bool const is_ours = file.in("host") || file.in("connectors") || file.in("plugins") ||
                         file.in("sdk/include/weir/cpp");
    bool const is_table = file.path.find("/error_codes") != std::string::npos ||
                          file.path.ends_with("/errors.hpp");
    return is_ours && !is_table && file.path.ends_with("pp");
}

/// The texts in quotes of a line of code that look like `pattern`.
Names quoted(std::string const& line, std::regex const& pattern) {
    static std::regex const comment{R"(^\s*#\s*include.*|\s//.*|^//.*)"};
    Names found;
    if (line.find("failpoint(") != line.npos) return found;
    std::string const code = std::regex_replace(line, comment, "");
    for (std::sregex_iterator at{code.begin(), code.end(), pattern}, end; at != end; ++at)
        found.insert((*at)[1]);
    return found;
}

/// What has a dot and is no code: files, types of values, names in examples.
bool is_another_word(std::string const& word) {
    static std::regex const other{
        R"(.*\.(hpp|h|cpp|json|jsonl|db|so|yaml|key|lock|md)|(arrow|weir|public|users|odd|c|n)\..*)"
        R"(|_weir_stage\..*|sqlite\.any|host\.log|excluded\.value)"
        R"(|reconcile\.(schedule|max_delete_fraction))"
        R"(|destination\.(deleted_at|drift|mode|table|with))"
        R"(|source\.(cursor|fields|lookback|rowBytesMax|stream))"};
    return std::regex_match(word, other);
}

struct Source {
    std::map<std::string, Names> codes;  ///< by library: what looks like a code
    Names dotted, words;                 ///< every text in quotes with a dot, and without
    Names event_types;                   ///< some of which are codes as well
};

Source read(std::vector<File> const& files) {
    static std::regex const dotted{R"re("([a-z_]+\.[a-zA-Z_]+)")re"};
    static std::regex const plain{R"re("([a-zA-Z_]+)")re"};
    Source out;
    for (File const& file : files) {
        if (!is_source(file)) continue;
        for (std::string const& line : file.lines) {
            for (std::string const& word : quoted(line, dotted)) {
                out.dotted.insert(word);
                if (!is_another_word(word)) out.codes[library_of(file.path)].insert(word);
                if (file.path == "host/serve/public_event.cpp") out.event_types.insert(word);
            }
            out.words.merge(quoted(line, plain));
        }
    }
    return out;
}

/// The rows of errors.hpp, by library.
std::map<std::string, Names> library_tables(std::vector<File> const& files) {
    std::map<std::string, Names> out;
    for (File const& file : files) {
        if (!file.path.ends_with("/errors.hpp")) continue;
        std::string text;
        for (std::string const& line : file.lines) text += line + "\n";
        std::size_t const from = text.find("R\"(") + 3, to = text.rfind(")\"");
        for (auto const& row : nlohmann::json::parse(text.substr(from, to - from)))
            out[library_of(file.path)].insert(row.at("code").get<std::string>());
    }
    return out;
}

/// Codes that are put together: "config." and what does not fit, "plugin." and the check.
bool is_composed(std::string const& code, Source const& source) {
    std::size_t const dot = code.find('.');
    std::string const first = code.substr(0, dot), rest = code.substr(dot + 1);
    if (first == "request" && source.codes.at("host").contains("config." + rest)) return true;
    bool const is_checked = first == "config" || first == "request" || first == "plugin";
    if (is_checked && source.words.contains(rest)) return true;
    // The kind of what is not known comes first.
    if (rest == "unknown" && source.words.contains(first)) return true;
    // "replication." + noun + "_exists"
    return first == "replication" && (rest.ends_with("_exists") || rest.ends_with("_not_found"));
}

TEST(ErrorCodes, EachThatIsGivenHasItsRow) {
    std::vector<File> const files = project();
    Source const source = read(files);
    std::map<std::string, Names> const tables = library_tables(files);
    Names known;
    for (host::ErrorCode const& row : host::host_error_codes()) known.emplace(row.code);
    int seen = 0;
    for (auto const& [library, codes] : source.codes)
        for (std::string const& code : codes) {
            auto const own = tables.find(library);
            bool const is_known =
                known.contains(code) || (own != tables.end() && own->second.contains(code));
            EXPECT_TRUE(is_known || source.event_types.contains(code))
                << library << " gives " << code << ", which no table explains";
            ++seen;
        }
    EXPECT_GT(seen, 200);
}

TEST(ErrorCodes, EachRowIsOfACodeThatIsGiven) {
    std::vector<File> const files = project();
    Source const source = read(files);
    for (host::ErrorCode const& row : host::host_error_codes()) {
        std::string const code{row.code};
        bool const is_given = source.dotted.contains(code) || source.words.contains(code) ||
                              is_composed(code, source);
        EXPECT_TRUE(is_given) << "nobody gives " << code;
    }
    for (auto const& [library, codes] : library_tables(files))
        for (std::string const& code : codes)
            EXPECT_TRUE(source.codes.at(library).contains(code) || is_composed(code, source))
                << library << " does not give " << code;
}

TEST(ErrorCodes, AreToldOnceInOrderAndWithoutGaps) {
    std::string before;
    for (host::ErrorCode const& row : host::host_error_codes()) {
        EXPECT_LT(before, row.code);
        before = row.code;
        EXPECT_FALSE(row.title.empty() || row.cause.empty() || row.remedy.empty()) << row.code;
        EXPECT_TRUE(row.cause.ends_with(".")) << row.code;
    }
}

/// Every word of the tests that looks like a code.
Names named_by_tests(std::vector<File> const& files) {
    static std::regex const code{R"([a-z_]+\.[a-zA-Z_]+)"};
    Names out;
    for (File const& file : files) {
        bool const is_test = file.in("tests") || file.in("sdk/testkit");
        if (!is_test || file.in("tests/tidy") || !file.path.ends_with("pp")) continue;
        for (std::string const& line : file.lines)
            for (std::sregex_iterator at{line.begin(), line.end(), code}, end; at != end; ++at)
                out.insert(at->str());
    }
    return out;
}

TEST(ErrorCodes, AreNamedByATestEach) {
    std::vector<File> const files = project();
    Names const named = named_by_tests(files);
    Names codes;
    for (host::ErrorCode const& row : host::host_error_codes()) codes.emplace(row.code);
    for (auto const& [library, all] : library_tables(files)) codes.insert(all.begin(), all.end());
    for (std::string const& code : codes)
        EXPECT_TRUE(code.find('.') == code.npos || named.contains(code))
            << "no test names " << code;
}

// The twin: a code without a row is seen, and a comment, a file and an event are none.
TEST(ErrorCodes, AreFoundInTheSource) {
    Source const source = read({made_up("connectors/x/a.cpp",
                                        "throw Error{}.coded(\"x.broken\");\n"
                                        "// \"x.comment\"\n"
                                        "open(\"x.json\"); failpoint(\"x.instant\");\n")});
    EXPECT_EQ(source.codes.at("connectors/x"), Names{"x.broken"});
    EXPECT_EQ(named_by_tests({made_up("tests/x/a_test.cpp", "EXPECT_EQ(code, \"x.broken\");\n"),
                              made_up("tests/tidy/a_test.cpp", "\"x.listed\"\n"),
                              made_up("connectors/x/a.cpp", "\"x.untested\"\n")}),
              Names{"x.broken"});
}

}  // namespace
}  // namespace weir::tidy
