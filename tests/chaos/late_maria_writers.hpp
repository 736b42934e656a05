#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "support/mariadb_server.hpp"

namespace weir::test {

/// Eight sessions that write into `late` as real ones do: transactions of up to several seconds
/// whose ids and times were drawn early, rolled back, with savepoints, committed in two phases, and
/// single statements that take as long. Each draws its chances from `seed`.
///
///   late (id bigint AUTO_INCREMENT PRIMARY KEY, body varchar, updated_at timestamp(6) NOT NULL
///         DEFAULT CURRENT_TIMESTAMP(6) ON UPDATE CURRENT_TIMESTAMP(6))
class LateMariaWriters {
public:
    static constexpr int count = 8;

    /// Makes the table, and begins.
    LateMariaWriters(MariadbServer const& server, std::string const& database, std::uint64_t seed,
                     int transactions, int longest_ms);
    LateMariaWriters(LateMariaWriters const&) = delete;
    LateMariaWriters& operator=(LateMariaWriters const&) = delete;
    ~LateMariaWriters();

    bool busy() const { return busy_ > 0; }
    /// Waits for their end; what went wrong in them, empty: nothing.
    std::string join();

private:
    void write(int number, std::uint64_t seed, int transactions, int longest_ms);

    MariadbServer const& server_;
    std::string const database_;
    std::atomic<int> busy_ = count;
    std::vector<std::string> failures_ = std::vector<std::string>(count);
    std::vector<std::thread> threads_;
};

/// What everybody writes first: rows whose tracking value is greater than the last one seen. The
/// control of the test: it loses rows, or the test finds nothing.
class NaiveMariaReader {
public:
    /// `order` is what it goes by: "id", or "updated_at, id".
    NaiveMariaReader(MariadbServer const& server, std::string const& database, std::string order)
        : db_{server.connect_as_owner(database)}, order_{std::move(order)} {}
    void read();
    /// Rows of the table that it never saw.
    std::size_t lost();

private:
    My db_;
    std::string order_, last_;
    std::vector<std::string> seen_;
};

}  // namespace weir::test
