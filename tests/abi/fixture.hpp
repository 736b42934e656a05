#pragma once

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <string>
#include <vector>

#include "host/abi/host_services.hpp"
#include "host/abi/instance.hpp"
#include "host/abi/registry.hpp"
#include "host/abi/watchdog.hpp"

namespace weir::host {

/// A directory of its own, private and empty; removed with what is in it.
class Folder {
public:
    Folder() {
        char name[] = "/tmp/weir-abi-XXXXXX";
        if (!::mkdtemp(name)) std::abort();
        path_ = name;
    }
    Folder(Folder const&) = delete;
    Folder& operator=(Folder const&) = delete;
    ~Folder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    std::filesystem::path const& path() const { return path_; }
    std::filesystem::path operator/(std::string const& name) const { return path_ / name; }

    /// A built library under this or another name, writable by its owner alone.
    std::filesystem::path take(std::string const& library, std::string name = {}) const {
        std::filesystem::path const to = path_ / ((name.empty() ? library : name) + ".so");
        write(to, read(std::filesystem::path{plugins()} / (library + ".so")));
        return to;
    }
    /// Where the built ones lie; those of other headers when WEIR_ABI_PLUGINS says so.
    static std::string plugins() {
        char const* const other = std::getenv("WEIR_ABI_PLUGINS");
        return other ? other : ABI_PLUGINS;
    }
    static void write(std::filesystem::path const& to, std::string const& bytes) {
        // A new file: what is written over a mapped library would run at exit.
        std::filesystem::remove(to);
        std::ofstream{to, std::ios::binary} << bytes;
        ::chmod(to.c_str(), 0644);
    }
    static std::string read(std::filesystem::path const& from) {
        std::ifstream file{from, std::ios::binary};
        return {std::istreambuf_iterator<char>{file}, {}};
    }

private:
    std::filesystem::path path_;
};

/// Keeps the lines, and lets a test wait for one.
class RecordedLog final : public LogSink {
public:
    bool is_enabled(std::int32_t level) const override { return level >= least; }
    void log(std::int32_t level, std::string_view instance, std::string_view message) override {
        std::lock_guard const lock{mutex_};
        lines_.push_back(std::to_string(level) + " " + std::string{instance} + ": " +
                         std::string{message});
        changed_.notify_all();
    }
    void wait_for(std::string const& line) {
        std::unique_lock lock{mutex_};
        changed_.wait(
            lock, [&] { return std::find(lines_.begin(), lines_.end(), line) != lines_.end(); });
    }
    std::vector<std::string> lines() const {
        std::lock_guard const lock{mutex_};
        return lines_;
    }

    std::atomic<std::int32_t> least{0};

private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
};

/// Time as the test has it; `step_ns` goes by at each look at it.
class TestClock final : public Clock {
public:
    std::int64_t unix_us() const override { return 1'700'000'000'000'000; }
    std::int64_t monotonic_ns() const override { return now_ns.fetch_add(step_ns); }

    mutable std::atomic<std::int64_t> now_ns{1'000'000'000};
    std::atomic<std::int64_t> step_ns{0};
};

/// What the composition root would have.
struct Root {
    TestClock clock;
    RecordedLog log;
    Metrics metrics;
    Watchdog watchdog{clock};
    HostServices services{clock, log, metrics, watchdog};
};

/// A connector whose behaviour the configuration chooses; see plugins/odd.cpp.
class OddTest : public testing::Test {
protected:
    Instance odd(std::string const& deed = {}) {
        nlohmann::json config = nlohmann::json::object();
        if (!deed.empty()) config["do"] = deed;
        Result<Instance> made = Instance::create(component(), config, root.services, "odd");
        if (!made) throw std::runtime_error{made.error().message};
        return std::move(*made);
    }
    Component component() {
        Result<Component> found = registry.load("odd");
        if (!found) throw std::runtime_error{found.error().message};
        return *found;
    }
    ReaderProxy reader(std::string const& deed = {}) {
        Instance instance = odd(deed);
        Result<ReaderProxy> opened = instance.source()->open(call, {});
        if (!opened) throw std::runtime_error{opened.error().message};
        return std::move(*opened);
    }

    Folder folder;
    std::filesystem::path library = folder.take("abi_odd");
    Root root;
    CallContext call{root.clock};
    Registry registry{{folder.path()}};
};

}  // namespace weir::host
