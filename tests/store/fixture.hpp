#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>

#include "host/store/documents.hpp"
#include "host/store/events.hpp"
#include "host/store/runs.hpp"
#include "host/store/session.hpp"
#include "host/store/store.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {

/// A clock that tests own. It begins in 2024.
class TestClock final : public host::Clock {
public:
    std::int64_t unix_us() const override { return now_; }
    std::int64_t monotonic_ns() const override { return now_ * 1000; }
    void advance_us(std::int64_t by) { now_ += by; }

private:
    std::atomic<std::int64_t> now_{1'704'067'200'000'000};
};

/// The value of `result`; a failure of the test when it is an error.
template <class T>
T must(host::Result<T> result) {
    if (!result) throw std::runtime_error{result.error().code + ": " + result.error().message};
    return std::move(*result);
}
inline void must(host::Result<void> const& result) {
    if (!result) throw std::runtime_error{result.error().code + ": " + result.error().message};
}
/// The code of the error; empty when it is none.
template <class T>
std::string code_of(host::Result<T> const& result) {
    return result ? std::string{} : result.error().code;
}

/// An open store in an empty directory.
class StoreFixture : public testing::Test {
protected:
    StoreFixture() { open(); }

    std::string path() const { return directory / "state.db"; }
    void open() { store = must(host::Store::open(path(), clock)); }
    void reopen() {
        store.reset();
        open();
    }
    /// The first value that `sql` finds.
    std::int64_t number(std::string const& sql) {
        std::int64_t found = -1;
        must(store->read([&](host::Session& session) -> host::Result<void> {
            found = session.value<std::int64_t>(sql).value_or(-1);
            return {};
        }));
        return found;
    }

    TempDir directory;
    TestClock clock;
    std::unique_ptr<host::Store> store;
};

}  // namespace weir::test
