#include <fmt/format.h>

#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "host/abi/child_look.hpp"
#include "host/cli/commands.hpp"
#include "host/cli/connector_verbs.hpp"
#include "host/cli/output.hpp"
#include "host/cli/suite_options.hpp"
#include "host/core/text.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::ordered_json;

constexpr char footer[] = R"(
Each case runs in a child process of its own: a library that crashes or never answers fails that
case, and the others are told all the same.

In all texts and commands {dir} is an empty directory of the case's own, {rows} and {ties} are how
many records are wanted and how many of them share the value a delta goes by. A connector that reads
and writes needs --config alone; a case that needs what was not said counts as not told.

What is always the same may stand in ACME.test.json beside ACME.so, where weir_test_connector() of
the CMake package writes it: an object of the options by their names, "secrets" for --secret.

  weir connector test sqlite.so --config '{"url":"sqlite:{dir}/a.db"}'
  weir connector test acme.so --url 'acme:{dir}/a.txt' --make 'seq {rows} > {dir}/a.txt'

Exit codes: 0 none failed, 1 some failed, 2 wrong usage or a library that weir would not load.)";

struct Case {
    std::string suite, id, name;
    std::string outcome, why;  ///< passed, failed, not_told
    double seconds = 0;
};

constexpr int leaked = 3;  // as weir-conformance ends

/// How a child ended that did not say how it went.
std::string told_by_its_end(ChildEnd const& end, double case_s) {
    if (end.is_late)
        return fmt::format("did not end within {} s: a call neither looks whether it is cancelled "
                           "nor returns",
                           case_s);
    if (end.signal != 0)
        return fmt::format("killed the process that ran it ({})", ::strsignal(end.signal));
    if (end.exit_code == leaked) return "left memory behind that nothing points to";
    return fmt::format("ended the process that ran it, with exit code {}", end.exit_code);
}

void run_case(Case& each, std::string const& program, std::string const& spec, double case_s) {
    auto const start = std::chrono::steady_clock::now();
    Result<ChildEnd> const end = run_child({program, "--case", each.id, spec},
                                           static_cast<std::int64_t>(case_s * 1000));
    each.seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    each.outcome = "failed";
    if (!end) {
        each.why = end.error().message;
        return;
    }
    Json const told = Json::parse(end->out, nullptr, false);
    if (told.is_object()) {
        each.outcome = told.value("outcome", "failed");
        each.why = told.value("why", "");
    }
    bool const is_clean = end->exit_code == 0 || end->exit_code == 1;
    if (!told.is_object() || !is_clean) {
        each.outcome = "failed";
        each.why = told_by_its_end(*end, case_s);
    }
    // A sanitizer, or an assertion, speaks there.
    if (each.outcome == "failed" && !end->err.empty()) each.why += "\n" + end->err;
}

Result<std::vector<Case>> cases_of(std::string const& program, std::string const& spec) {
    constexpr std::int64_t list_ms_max = 30'000;
    Result<ChildEnd> const end = run_child({program, "--list", spec}, list_ms_max);
    if (!end) return end.error();
    std::vector<Case> cases;
    std::istringstream lines{end->out};
    for (std::string line; std::getline(lines, line);) {
        Json const told = Json::parse(line, nullptr, false);
        if (told.is_object() && told.contains("case"))
            cases.push_back({told["suite"], told["case"], told["name"], {}, {}});
        else if (told.is_object())
            return Error{WEIR_E_CONFIG, "plugin.refused", told.value("why", "")};
    }
    if (end->exit_code == 0 && !cases.empty()) return cases;
    return Error{WEIR_E_CONFIG, "plugin.crashed", told_by_its_end(*end, list_ms_max / 1000)};
}

/// What weir itself would say of the library: seal, symbols, tables, schemas.
Result<Json> manifest_of(std::string const& file) {
    constexpr std::int64_t look_ms_max = 30'000;
    Result<ChildEnd> const lint = run_child({runner_path().string(), "--lint", file}, look_ms_max);
    if (!lint) return lint.error();
    if (lint->exit_code != 0) return child_refusal(lint->err);
    Result<std::string> const said = look_in_child(runner_path(), file, look_ms_max);
    return said ? Result<Json>{Json::parse(*said)} : said.error();
}

std::string xml(std::string_view text) {
    std::string out;
    for (char const c : text) {
        if (c == '<')
            out += "&lt;";
        else if (c == '&')
            out += "&amp;";
        else if (c == '"')
            out += "&quot;";
        else
            out += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t' ? '?' : c;
    }
    return out;
}

Result<void> write_junit(SuiteOptions const& suite, std::vector<Case> const& cases,
                         std::size_t failed, std::size_t not_told) {
    std::string text = fmt::format(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"{}\" "
        "tests=\"{}\" failures=\"{}\" skipped=\"{}\">\n",
        xml(std::filesystem::path{suite.file}.filename().string()), cases.size(), failed, not_told);
    for (Case const& each : cases) {
        text += fmt::format("<testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\">", each.suite,
                            xml(each.name), each.seconds);
        if (each.outcome == "failed")
            text += fmt::format("<failure message=\"{}\"/>", xml(each.why));
        if (each.outcome == "not_told")
            text += fmt::format("<skipped message=\"{}\"/>", xml(each.why));
        text += "</testcase>\n";
    }
    text += "</testsuite>\n</testsuites>\n";
    std::ofstream out{suite.junit, std::ios::binary | std::ios::trunc};
    out << text;
    if (out.flush()) return {};
    return Error{WEIR_E_IO, "connector.not_written", suite.junit + " cannot be written", "--junit"};
}

std::string indented(std::string const& text) {
    std::string out;
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) out += "      " + line + "\n";
    return out;
}

std::string line_of(Case const& each) {
    if (each.outcome == "passed") return fmt::format("  ✓ {}\n", each.name);
    if (each.outcome == "not_told") return fmt::format("  · {}\n", each.name);
    return fmt::format("  ✗ {}\n{}", each.name, indented(each.why));
}

Json json_of(Case const& each) {
    return {{"suite", each.suite},
            {"name", each.name},
            {"outcome", each.outcome},
            {"why", each.why},
            {"seconds", each.seconds}};
}

/// What has to be told before all of `cases` are, each once, with how many wait for it.
std::string wanting(std::vector<Case> const& cases) {
    std::vector<std::pair<std::string, std::size_t>> waiting;
    for (Case const& each : cases) {
        if (each.outcome != "not_told") continue;
        auto const found = std::find_if(waiting.begin(), waiting.end(),
                                        [&](auto const& one) { return one.first == each.why; });
        if (found == waiting.end())
            waiting.emplace_back(each.why, 1);
        else
            ++found->second;
    }
    std::string text;
    for (auto const& [why, count] : waiting)
        text += fmt::format("  → {} not told: tell {}\n", count, why);
    return text;
}

/// Runs the cases; each is told as soon as it is known.
Exit score(SuiteOptions const& suite, std::vector<Case>& cases, std::string const& program,
           std::string const& spec, Json const& manifest) {
    bool const speaks = !suite.voice.json && !suite.voice.quiet;
    std::size_t failed = 0, not_told = 0;
    std::string heading;
    for (Case& each : cases) {
        run_case(each, program, spec, suite.case_s);
        failed += each.outcome == "failed";
        not_told += each.outcome == "not_told";
        std::string text = each.suite == heading ? "" : each.suite + "\n";
        heading = each.suite;
        if (speaks && !print(text + line_of(each))) return Exit::environment;
    }
    if (!suite.junit.empty())
        if (Result<void> const done = write_junit(suite, cases, failed, not_told); !done)
            return fail(done.error(), suite.voice);
    std::size_t const passed = cases.size() - failed - not_told;
    Json json{{"plugin", manifest.value("id", "")},
              {"version", manifest.value("version", "")},
              {"passed", passed},
              {"failed", failed},
              {"not_told", not_told},
              {"cases", Json::array()}};
    for (Case const& each : cases) json["cases"].push_back(json_of(each));
    Result<void> const done =
        suite.voice.json ? print(json)
                         : print(fmt::format("{}{} {}: {} passed, {} failed, {} not told\n",
                                             speaks ? wanting(cases) : "",
                                             json["plugin"].get<std::string>(),
                                             json["version"].get<std::string>(), passed, failed,
                                             not_told));
    if (!done) return Exit::environment;
    return failed == 0 ? Exit::done : Exit::failed;
}

Exit run_suite(SuiteOptions const& suite) {
    std::error_code failed;
    if (!std::filesystem::exists(suite.file, failed))
        return fail(Error{WEIR_E_CONFIG, "plugin.file_not_found",
                          fmt::format("there is no file {}", suite.file), "FILE"}
                        .suggest("build it, or check the path"),
                    suite.voice);
    std::string const program = (prefix_here() / "lib/weir/weir-conformance").string();
    if (!std::filesystem::exists(program, failed))
        return fail(Error{WEIR_E_UNSUPPORTED, "connector.sdk_missing",
                          fmt::format("the suite is not at {}", program)}
                        .suggest("install the SDK (weir-dev) beside weir"),
                    suite.voice);
    Result<std::string> const spec = specification(suite);
    if (!spec) return fail(spec.error(), suite.voice);
    Result<Json> const manifest = manifest_of(suite.file);
    if (!manifest) return fail(manifest.error(), suite.voice);
    Result<std::vector<Case>> cases = cases_of(program, *spec);
    if (!cases) return fail(cases.error(), suite.voice);
    std::erase_if(*cases, [&](Case const& each) {
        return lower(each.name).find(lower(suite.only)) == std::string::npos;
    });
    if (cases->empty())
        return fail(Error{WEIR_E_CONFIG, "usage",
                          fmt::format("no case has \"{}\" in its name", suite.only), "--only"},
                    suite.voice);
    return score(suite, *cases, program, *spec, *manifest);
}

}  // namespace

void add_connector_test(CLI::App& connector, Verb& chosen) {
    auto suite = std::make_shared<SuiteOptions>();
    CLI::App* verb = connector.add_subcommand(
        "test", "Run the suite that defines a connector on a library, and print a scorecard");
    verb->footer(footer);
    verb->add_option("FILE", suite->file, "A library: ./acme.so")->required();
    auto const text = [verb](char const* name, std::string& into, char const* help,
                             char const* type) {
        verb->add_option(name, into, help)->type_name(type);
    };
    text("--config", suite->config, "A configuration that works", "JSON");
    text("--url", suite->url, "The same as {\"url\":URL}", "URL");
    text("--component", suite->component, "Which one of the library; default: its first", "ID");
    text("--make", suite->make, "Makes a stream of {rows} records", "COMMAND");
    text("--content", suite->content, "Prints what lies in {target}, a JSON array per record",
         "COMMAND");
    text("--drop", suite->drop, "Removes {target}, and on a server _weir_checkpoint", "COMMAND");
    text("--stream", suite->stream, "The stream to read; default: the first found", "NAME");
    text("--cursor", suite->cursor, "What a delta goes by; default: as found", "FIELD");
    text("--only", suite->only, "Only cases whose name contains this", "TEXT");
    text("--junit", suite->junit, "Write the outcome as JUnit's XML too", "FILE");
    auto const texts = [verb](char const* name, std::vector<std::string>& into, char const* help,
                              char const* type) {
        verb->add_option(name, into, help)->type_name(type)->allow_extra_args(false);
    };
    texts("--key", suite->key, "A field of the stream's key; default: as found", "FIELD");
    texts("--broken", suite->broken, "A configuration that must be refused", "JSON");
    texts("--secret", suite->secrets, "What must not stand in an error or a log", "TEXT");
    verb->add_option("--timeout", suite->case_s, "Seconds for one case; default: 60")
        ->check(CLI::Range(0.1, 86'400.0))
        ->type_name("S");
    verb->add_flag("--json", suite->voice.json, "The scorecard as one object");
    verb->add_flag("-q,--quiet", suite->voice.quiet, "The last line alone");
    verb->callback([&chosen, suite] { chosen = [suite] { return run_suite(*suite); }; });
}

}  // namespace weir::host
