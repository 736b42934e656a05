#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <utility>

namespace weir::test {

/// Moves money from a to b, one transaction after the other, for as long as it lives.
template <class Db>
class Mover {
public:
    explicit Mover(Db db) : db_{std::move(db)}, thread_{[this] { move(); }} {}
    ~Mover() {
        stop_ = true;
        thread_.join();
    }
    /// Returns when another transaction has been committed.
    void await_one() const {
        for (std::uint64_t const before = moved_; moved_ == before;) std::this_thread::yield();
    }

private:
    void move() {
        while (!stop_) {
            db_.run("BEGIN; UPDATE a SET amount = amount - 1 WHERE id = 1;"
                    "UPDATE b SET amount = amount + 1 WHERE id = 1; COMMIT");
            ++moved_;
        }
    }

    Db db_;
    std::atomic<bool> stop_{false};
    std::atomic<std::uint64_t> moved_{0};
    std::thread thread_;
};

}  // namespace weir::test
