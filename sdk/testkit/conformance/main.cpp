// weir-conformance --list SPEC          {"suite","case","name"} of each case that applies
// weir-conformance --case NAME SPEC     {"outcome":"passed|failed|not_told","why"}
//
// Exit: 0 it was told, whatever the outcome; 1 the library cannot be used; 2 wrong arguments;
// 3 memory leaked, which AddressSanitizer has described on standard error.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "any_quirks.hpp"
#include "weir/testkit/suite.hpp"

WEIR_TEST_CONNECTOR(Any, weir::testkit::AnyQuirks);
WEIR_TEST_SWEEP(Any, weir::testkit::AnyQuirks);
WEIR_TEST_PARTS(Any, weir::testkit::AnyQuirks);

/// Of AddressSanitizer, where the process runs with it.
extern "C" __attribute__((weak)) int __lsan_do_recoverable_leak_check();

namespace {

using weir::testkit::AnyQuirks;
using weir::testkit::Json;

/// Standard output is the library's too: what is told goes where it was at the start.
class Teller {
public:
    Teller() : fd_{::dup(STDOUT_FILENO)} { ::dup2(STDERR_FILENO, STDOUT_FILENO); }
    void tell(Json const& line) const {
        std::string const text =
            line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
        for (std::size_t done = 0; done < text.size();) {
            ssize_t const size = ::write(fd_, text.data() + done, text.size() - done);
            if (size <= 0) return;
            done += static_cast<std::size_t>(size);
        }
    }

private:
    int fd_;
};

/// What was said, without the secrets that it was told.
std::string masked(std::string text) {
    for (std::string const& secret : AnyQuirks::spec().value("secrets", std::vector<std::string>{}))
        for (std::size_t at = secret.empty() ? text.npos : text.find(secret); at != text.npos;
             at = text.find(secret, at))
            text.replace(at, secret.size(), "***");
    return text;
}

/// Keeps what fails, in place of GoogleTest's own printer.
class Failures : public testing::EmptyTestEventListener {
public:
    void OnTestPartResult(testing::TestPartResult const& result) override {
        if (result.failed()) why_ += (why_.empty() ? "" : "\n") + thrown_or_said(result.message());
    }
    std::string const& why() const { return why_; }

private:
    /// What was thrown alone, without GoogleTest's words around it.
    static std::string thrown_or_said(std::string_view text) {
        constexpr std::string_view before = "C++ exception with description \"";
        constexpr std::string_view behind = "\" thrown in the test body.";
        if (!text.starts_with(before)) return std::string{text};
        std::size_t const end = text.rfind(behind);
        return std::string{text.substr(before.size(), end - before.size())};
    }

    std::string why_;
};

/// "Any/SourceContract/0" as a person calls it; empty: not for this component.
std::string suite_name(std::string const& suite, weir_component const& component) {
    std::uint32_t const roles = component.roles;
    if (suite == "Any/ModuleContract/0") return "library";
    if (suite == "Any/SourceContract/0" && (roles & WEIR_ROLE_SOURCE)) return "source";
    if (suite == "Any/PartsContract/0" && (roles & WEIR_ROLE_SOURCE)) return "source";
    if (suite == "Any/SinkContract/0" && (roles & WEIR_ROLE_SINK)) return "sink";
    if (suite == "Any/SweepContract/0" && (roles & WEIR_ROLE_SINK)) {
        auto const* sink = static_cast<weir_sink const*>(component.iface("weir.sink/1"));
        if (WEIR_HAS(sink, weir_sink, sweep)) return "sink";
    }
    return {};
}

/// EndsAtTheLimit -> ends at the limit
std::string words_of(std::string const& name) {
    std::string out;
    for (char const c : name) {
        bool const is_capital = c >= 'A' && c <= 'Z';
        if (is_capital && !out.empty()) out += ' ';
        out += is_capital ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return out;
}

int list(Teller const& out) {
    weir::testkit::Plugin const plugin{AnyQuirks::spec().at("library").get<std::string>()};
    weir_component const& component =
        plugin.component(AnyQuirks::spec().value("component", ""));
    testing::UnitTest const& all = *testing::UnitTest::GetInstance();
    for (int i = 0; i < all.total_test_suite_count(); ++i) {
        testing::TestSuite const& suite = *all.GetTestSuite(i);
        std::string const name = suite_name(suite.name(), component);
        for (int at = 0; !name.empty() && at < suite.total_test_count(); ++at) {
            std::string const test = suite.GetTestInfo(at)->name();
            // Only a test of its own knows which values its records have.
            if (test == "NullsAndExtremesOfEveryTypeArriveAsTheyAre") continue;
            out.tell({{"suite", name},
                      {"case", suite.name() + std::string{"."} + test},
                      {"name", words_of(test)}});
        }
    }
    return 0;
}

int run_case(std::string const& name, Teller const& out) {
    testing::GTEST_FLAG(filter) = name;
    testing::TestEventListeners& listeners = testing::UnitTest::GetInstance()->listeners();
    delete listeners.Release(listeners.default_result_printer());
    auto* failures = new Failures;
    listeners.Append(failures);
    bool const is_well = RUN_ALL_TESTS() == 0;
    std::string const& lacks = AnyQuirks::not_told();
    if (!lacks.empty())
        out.tell({{"outcome", "not_told"}, {"why", lacks}});
    else if (testing::UnitTest::GetInstance()->test_to_run_count() != 1)
        return 2;
    else
        out.tell({{"outcome", is_well ? "passed" : "failed"}, {"why", masked(failures->why())}});
    return 0;
}

/// In a group of its own it hears no Ctrl-C: who asked for the case takes it along. False: who
/// asked was gone before that was arranged, so nobody reads what is told.
bool ends_with_who_asked() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pollfd out{STDOUT_FILENO, 0, 0};
    return ::poll(&out, 1, 0) <= 0 || !(out.revents & POLLERR);
}

}  // namespace

int main(int count, char** words) {
    if (!ends_with_who_asked()) return 1;
    Teller const out;
    testing::InitGoogleTest();
    std::vector<std::string> const arguments{words + 1, words + count};
    bool const is_list = arguments.size() == 2 && arguments[0] == "--list";
    bool const is_case = arguments.size() == 3 && arguments[0] == "--case";
    if (!is_list && !is_case) return 2;
    AnyQuirks::spec() = Json::parse(arguments.back(), nullptr, false);
    if (!AnyQuirks::spec().is_object()) return 2;
    try {
        int const code = is_list ? list(out) : run_case(arguments[1], out);
        // What a library leaves running has no say in the end, so the end asks what leaked.
        bool const leaks = __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check();
        ::_exit(leaks ? 3 : code);
    } catch (std::exception const& error) {
        out.tell({{"outcome", "failed"}, {"why", error.what()}});
        ::_exit(1);
    }
}
