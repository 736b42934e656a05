// A connector of somebody else, in several builds: stream "parts" (id, build), where `build` says
// which one made the row. {"rows":N,"batch":N,"gate":FILE}: a batch each two milliseconds; the
// second half of the rows waits until FILE is there. {"fault":…,"mark":FILE} is what goes wrong in
// the middle, once: until FILE is there. "abort", "exit" (without a word) and "leave" end its
// process, "stop" stops it, "stay" answers no more; "fork" leaves a copy of its process behind that
// stays, "fork_abort" ends its process after that, and with "fork_return" the copy goes on as if it
// were the first; "open_fork" is "fork" in open(), "discover_stay" is "stay" in discover(); "throw"
// throws what is no exception of the standard library; "leak" takes memory without end; "fork_exit"
// forks a process that ends well; "thread" leaves a thread in create().
//
// ACME_BUILD: its number; the third takes at most 100 rows and knows no gate, the fourth has
// another connector instead. ACME_FAULT: when it is loaded 1 crashes, 2 never ends, 3 ends its
// process well, 4 prints much and closes what is not its own; 5 has a title that is no UTF-8,
// 6 ends its process badly once all is said.
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>
#include <weir/cpp/module.hpp>
#include <weir/cpp/source.hpp>

namespace {

using weir::Json;

#if ACME_FAULT == 1
[[gnu::constructor]] void crash() { std::abort(); }
#elif ACME_FAULT == 2
[[gnu::constructor]] void hang() {
    for (volatile bool for_ever = true; for_ever;) {
    }
}
#elif ACME_FAULT == 3
[[gnu::constructor]] void leave() { std::exit(0); }
#elif ACME_FAULT == 4
[[gnu::constructor]] void chat() {
    for (int i = 0; i < 10'000; ++i) std::puts("{\"id\":\"nobody\"}");
    std::fflush(stdout);
    for (int fd = 0; fd < 3; ++fd) close(fd);
}
#elif ACME_FAULT == 6
[[gnu::destructor]] void fall() { _exit(9); }
#endif

weir::Schema const schema{{"id", weir::Type::int64, false, "int64"},
                          {"build", weir::Type::int64, false, "int64"}};

/// Ends with its process only.
void leak() {
    for (;;) {
        constexpr std::size_t bytes = 1u << 20;
        std::memset(new char[bytes], 1, bytes);
    }
}

/// What goes wrong in the middle.
struct Fault {
    std::string how, mark;

    bool is_in(char const* call) const { return how.starts_with(call); }
    bool is_in_next() const { return !is_in("open_") && !is_in("discover_"); }
    void happen() const {
        if (how.empty() || how == "thread") return;
        if (!mark.empty() && std::filesystem::exists(mark)) return;
        if (!mark.empty()) std::ofstream{mark} << "x";
        if (how == "abort") std::abort();
        if (how == "exit") std::_Exit(7);
        if (how == "leave") std::exit(7);
        if (how == "throw") throw 42;
        if (how == "leak") leak();
        if (how.find("fork") != std::string::npos) {
            bool const is_copy = ::fork() == 0;
            if (how == "fork_exit" && is_copy) std::_Exit(7);
            if (how == "fork_abort" && !is_copy) std::abort();
            if (how == "fork_return" || !is_copy) return;
        }
        if (how == "stop") {
            ::raise(SIGSTOP);
            return;
        }
        for (;;) ::pause();
    }
};

class AcmeReader final : public weir::Reader {
public:
    AcmeReader(std::int64_t rows, std::int64_t batch, std::string gate, Fault fault,
               weir::Read const& read)
        : rows_{rows},
          batch_{std::min(batch, read.rows_max)},
          gate_{std::move(gate)},
          fault_{std::move(fault)} {
        if (!read.cursor.empty()) last_ = Json::parse(read.cursor)["at"].get<std::int64_t>();
    }

    weir::Schema schema() const override { return ::schema; }

    bool next(weir::Call const& call, weir::Batch& batch) override {
        {
            std::unique_lock lock{mutex_};
            do wake_.wait_for(lock, std::chrono::milliseconds{2});
            while (is_waiting());
        }
        call.check();
        if (last_ >= rows_) return false;
        if (last_ >= rows_ / 2 && fault_.is_in_next()) fault_.happen();
        for (std::int64_t const until = std::min(rows_, last_ + batch_); last_ < until;)
            batch.row(++last_, std::int64_t{ACME_BUILD});
        batch.cursor(Json{{"at", last_}}.dump());
        return true;
    }

    void interrupt() noexcept override {
        std::lock_guard const lock{mutex_};
        is_interrupted_ = true;
        wake_.notify_all();
    }

private:
    bool is_waiting() const {
        return !is_interrupted_ && last_ >= rows_ / 2 && !gate_.empty() &&
               !std::filesystem::exists(gate_);
    }

    std::int64_t rows_, batch_, last_ = 0;
    std::string gate_;
    Fault fault_;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_interrupted_ = false;
};

/// As the configuration says, or its URL: acme:FAULT?MARK.
Fault fault_of(weir::Config const& config) {
    std::string const url = config.text("url");
    if (url.empty()) return {config.text("fault"), config.text("mark")};
    std::size_t const how = url.find(':') + 1, mark = url.find('?');
    return {url.substr(how, mark - how), url.substr(mark + 1)};
}

class Acme final : public weir::Source {
public:
    Acme(weir::Host const&, weir::Config const& config)
        : rows_{config.integer("rows", 1'000)},
          batch_{config.integer("batch", 100)},
          gate_{config.text("gate")},
          fault_{fault_of(config)} {
        if (fault_.how == "thread") std::thread{[] { ::pause(); }}.detach();
    }

    void discover(weir::Call const&, std::string_view, weir::Catalog& catalog) override {
        if (fault_.is_in("discover_")) fault_.happen();
        weir::Stream stream{"parts", ::schema, Json::object(), WEIR_READ_FULL | WEIR_READ_DELTA};
        stream.meta = {{"target", "parts"}, {"keys", {{"id"}}}, {"rows", rows_}};
        catalog.add(stream);
    }
    std::unique_ptr<weir::Reader> open(weir::Call const&, weir::Read const& read) override {
        if (fault_.is_in("open_")) fault_.happen();
        return std::make_unique<AcmeReader>(rows_, batch_, gate_, fault_, read);
    }
    Json describe() const { return {{"identity", "acme:parts"}}; }

private:
    std::int64_t rows_, batch_;
    std::string gate_;
    Fault fault_;
};

#if ACME_BUILD == 3
constexpr char config_schema[] = R"({"type":"object","properties":{
    "rows":{"type":"integer","title":"Rows","minimum":0,"maximum":100},
    "batch":{"type":"integer","title":"Rows of a batch","minimum":1}},
    "additionalProperties":false})";
#else
constexpr char config_schema[] = R"({"type":"object","properties":{
    "rows":{"type":"integer","title":"Rows","minimum":0},
    "batch":{"type":"integer","title":"Rows of a batch","minimum":1},
    "gate":{"type":"string","title":"File to wait for"},
    "url":{"type":"string","title":"acme:FAULT?MARK"},
    "fault":{"type":"string","title":"What goes wrong in the middle"},
    "mark":{"type":"string","title":"File after which nothing does"}},
    "additionalProperties":false})";
#endif

}  // namespace

WEIR_PLUGIN("com.example.acme", ACME_VERSION,
            weir::connector<Acme>({ACME_BUILD == 4 ? "acme_other" : "acme",
                                   ACME_FAULT == 5 ? "\xff\xfe" : "Acme", config_schema}))
