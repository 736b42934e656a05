#include "host/serve/crash_journal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <map>
#include <sstream>

#include "host/abi/breadcrumb.hpp"

namespace weir::host {

namespace {

constexpr std::array crashes{SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};

int journal = -1;
pid_t host = 0;  // whose journal it is

/// A line without anything that may not be done in a signal handler.
class Line {
public:
    void add(char const* text) {
        for (; *text && size_ + 1 < bytes_.size(); ++text) bytes_[size_++] = *text;
    }
    void add(std::int64_t number) {
        std::array<char, 24> digits{};
        std::size_t at = digits.size() - 1;
        do digits[--at] = static_cast<char>('0' + number % 10);
        while ((number /= 10) > 0);
        add(digits.data() + at);
    }
    void write_to(int fd) {
        bytes_[size_++] = '\n';
        [[maybe_unused]] ssize_t const written = ::write(fd, bytes_.data(), size_);
    }

private:
    std::array<char, 512> bytes_{};
    std::size_t size_ = 0;
};

/// False: this thread is in no plugin, or not of the host.
bool note_end(int signal) {
    Breadcrumb::Place const at = Breadcrumb::here();
    if (!at.library || ::getpid() != host) return false;
    Line line;
    line.add(static_cast<std::int64_t>(::time(nullptr)));
    for (char const* const each : {at.library, at.plugin, at.call}) {
        if (each == at.library) line.add(" "), line.add(std::int64_t{signal});
        line.add(" ");
        line.add(each);
    }
    line.write_to(journal);
    return true;
}

[[noreturn]] void end_at_once(int code) {
    for (;;) ::syscall(SYS_exit_group, code);
}

void on_crash(int signal) {
    note_end(signal);
    // The handler is gone by now (SA_RESETHAND): it ends as it would have.
    ::raise(signal);
}

void on_exit(int code, void*) {
    // The other threads are at work: what static destructors take away would crash them.
    if (note_end(CrashJournal::exited)) end_at_once(code);
}

}  // namespace

std::vector<CrashJournal::Crash> CrashJournal::read(std::filesystem::path const& file) {
    std::vector<Crash> out;
    std::ifstream in{file};
    for (std::string text; std::getline(in, text);) {
        std::istringstream words{text};
        Crash crash;
        if (words >> crash.at_s >> crash.signal >> crash.library >> crash.plugin >> crash.call)
            out.push_back(std::move(crash));
    }
    return out;
}

std::vector<std::string> CrashJournal::repeated(std::vector<Crash> const& crashes,
                                                std::int64_t now_s) {
    std::map<std::string, std::size_t> counts;
    for (Crash const& each : crashes)
        if (now_s - each.at_s <= window_s) ++counts[each.library];
    std::vector<std::string> out;
    for (auto const& [library, count] : counts)
        if (count >= crashes_max) out.push_back(library);
    return out;
}

Result<void> CrashJournal::begin(std::filesystem::path const& file) {
    std::error_code none;
    if (std::filesystem::file_size(file, none) > bytes_max && !none)
        std::filesystem::remove(file, none);
    int const fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return Error{WEIR_E_IO, "serve.data_dir",
                     fmt::format("{} cannot be written: {}", file.string(), std::strerror(errno))};
    if (journal >= 0) ::close(journal);
    journal = fd;
    host = ::getpid();
    struct sigaction act {};
    act.sa_handler = on_crash;
    act.sa_flags = SA_RESETHAND | SA_NODEFER;
    for (int const each : crashes) ::sigaction(each, &act, nullptr);
    static int const is_heard = ::on_exit(on_exit, nullptr);
    (void)is_heard;
    return {};
}

void CrashJournal::end(std::filesystem::path const& file) {
    std::error_code ignored;
    std::filesystem::resize_file(file, 0, ignored);
}

}  // namespace weir::host

// As POSIX and C have them: whatever is loaded finds these before those of the C library, which has
// no handler to tell it.
extern "C" {
__attribute__((visibility("default"))) void _exit(int code) {
    weir::host::note_end(weir::host::CrashJournal::exited);
    weir::host::end_at_once(code);
}
__attribute__((visibility("default"))) void _Exit(int code) noexcept { ::_exit(code); }
}
