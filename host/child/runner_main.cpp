// weir-runner --seal FILE.so                        adds what tells damage, once; see seal.hpp
// weir-runner --lint FILE.so                        what keeps a library from being loaded
// weir-runner --describe FILE.so [--output FILE]    its manifest, to FILE or standard output
// weir-runner --serve FILE.so                       runs it for the host at descriptor 3
//
// Exit: 0 fine, 1 the library is refused, 2 wrong arguments, 3 a file cannot be written.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <string_view>
#include <vector>

#include "host/abi/config_schema.hpp"
#include "host/abi/library.hpp"
#include "host/abi/seal.hpp"
#include "host/child/serve_library.hpp"

namespace weir::host {
namespace {

struct Arguments {
    std::string verb, library, output;
};

std::optional<Arguments> parse(std::vector<std::string> const& words) {
    Arguments out;
    if (words.size() != 2 && words.size() != 4) return std::nullopt;
    out.verb = words[0];
    out.library = words[1];
    bool const is_describe = out.verb == "--describe";
    bool const is_known = is_describe || out.verb == "--lint" || out.verb == "--seal" ||
                          out.verb == "--serve";
    if (!is_known) return std::nullopt;
    if (words.size() == 2) return out;
    if (!is_describe || words[2] != "--output") return std::nullopt;
    out.output = words[3];
    return out;
}

void complain(std::string_view sentence) { fmt::print(stderr, "weir-runner: {}\n", sentence); }

int lint(std::string const& library) {
    std::vector<Error> const findings = lint_file(library);
    for (Error const& finding : findings)
        complain(fmt::format("{} ({})", finding.message, finding.code));
    return findings.empty() ? 0 : 1;
}

int seal(std::string const& library) {
    std::optional<Error> const failed = seal_file(library);
    if (failed) complain(fmt::format("{} {} ({})", library, failed->message, failed->code));
    return failed ? 3 : 0;
}

bool write_all(int fd, std::string const& text) {
    for (std::size_t done = 0; done < text.size();) {
        ssize_t const size = ::write(fd, text.data() + done, text.size() - done);
        if (size <= 0) return false;
        done += static_cast<std::size_t>(size);
    }
    return true;
}

/// Written under another name and renamed, so that a reader sees the whole manifest or none.
int write_whole(std::string const& path, std::string const& text) {
    std::string const unfinished = fmt::format("{}.{}.new", path, ::getpid());
    int const fd = ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    bool is_written = fd >= 0 && ::fchmod(fd, 0644) == 0 && write_all(fd, text);
    if (fd >= 0) is_written = ::close(fd) == 0 && is_written;
    if (is_written && ::rename(unfinished.c_str(), path.c_str()) == 0) return 0;
    complain(fmt::format("cannot write {}: {}", path, std::strerror(errno)));
    ::unlink(unfinished.c_str());
    return 3;
}

/// Standard output, kept from the library: what that prints is no answer of ours.
int keep_standard_output() {
    constexpr int beyond_what_libraries_close = 64;
    int const kept = ::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, beyond_what_libraries_close);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);
    return kept;
}

/// In a group of its own it hears no Ctrl-C: who looks takes it along. False: who looked was gone
/// before that was arranged, so nobody reads what is told.
bool ends_with_who_asked() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    pollfd out{STDOUT_FILENO, 0, 0};
    return ::poll(&out, 1, 0) <= 0 || !(out.revents & POLLERR);
}

int describe(Arguments const& arguments) {
    int const out = keep_standard_output();
    Result<LoadedLibrary> const loaded = load_library(arguments.library, std::nullopt);
    if (!loaded) {
        complain(fmt::format("{} ({})", loaded.error().message, loaded.error().code));
        return 1;
    }
    bool fits = true;
    for (ComponentInfo const& component : loaded->manifest.components)
        for (std::string const& finding : check_schema_profile(component.config_schema)) {
            fits = false;
            complain(fmt::format("{}: config_schema of {}: {}", arguments.library, component.id,
                                 finding));
        }
    if (!fits) return 1;
    std::string const text = to_json(loaded->manifest);
    if (!arguments.output.empty()) return write_whole(arguments.output, text);
    return write_all(out, text) ? 0 : 3;
}

}  // namespace
}  // namespace weir::host

int main(int count, char** words) {
    auto const arguments = weir::host::parse({words + 1, words + count});
    if (!arguments) {
        weir::host::complain(
            "use: --seal FILE.so, --lint FILE.so, or --describe FILE.so [--output FILE.json]");
        return 2;
    }
    if (arguments->verb == "--seal") return weir::host::seal(arguments->library);
    if (arguments->verb == "--lint") return weir::host::lint(arguments->library);
    if (arguments->verb == "--serve") return weir::host::serve_library(arguments->library);
    if (!weir::host::ends_with_who_asked()) return 3;
    return weir::host::describe(*arguments);
}
