#include "chaos/late_writers.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace weir::test {
namespace {

constexpr char table[] =
    "CREATE TABLE late (id bigserial PRIMARY KEY, body text,"
    " updated_at timestamptz NOT NULL DEFAULT now()); CREATE INDEX ON late (updated_at, id);"
    "INSERT INTO late (body) SELECT 'before ' || i FROM generate_series(1, 100) i";

/// One session, and its chances.
class Writer {
public:
    Writer(Pg db, int number, std::uint64_t seed, int longest_ms)
        : db_{std::move(db)},
          number_{std::to_string(number)},
          chance_{seed},
          longest_ms_{longest_ms} {}

    void transaction(int round) {
        std::string const body = quoted("w" + number_ + "." + std::to_string(round));
        db_.run("BEGIN");  // now() is fixed by the first statement
        switch (between(0, 4)) {
            case 0: early_id(body); break;
            case 1: early_clock(body); break;
            case 2: savepoints(body); break;
            case 3: late_update(body); break;
            default: own_clock(body);
        }
        if (between(1, 4) == 1) return two_phases(round);
        db_.run(between(1, 5) == 1 ? "ROLLBACK" : "COMMIT");
    }

private:
    int between(int low, int high) {
        return std::uniform_int_distribution<int>{low, high}(chance_);
    }
    /// The work that a transaction does besides, at the server.
    void work() {
        db_.run("SELECT pg_sleep(" + std::to_string(between(0, longest_ms_)) + " / 2000.0)");
    }
    void insert(std::string const& body, std::string const& time = "now()") {
        db_.run("INSERT INTO late (body, updated_at) VALUES (" + body + ", " + time + ")");
    }

    // Drawn before the transaction has a number of its own.
    void early_id(std::string const& body) {
        std::string const id = db_.one("SELECT nextval('late_id_seq')");
        work();
        db_.run("INSERT INTO late (id, body) VALUES (" + id + ", " + body + ")");
        work();
    }
    void early_clock(std::string const& body) {
        db_.run("SELECT now()");
        work();
        insert(body);
        work();
    }
    void own_clock(std::string const& body) {
        work();
        insert(body, "clock_timestamp()");
        work();
    }
    void savepoints(std::string const& body) {
        insert(body);
        db_.run("SAVEPOINT one");
        insert(body);
        work();
        db_.run(between(0, 1) ? "ROLLBACK TO one" : "RELEASE one");
        db_.run("SAVEPOINT two");
        insert(body);
        work();
    }
    // Last in its transaction, so that nobody waits for two rows.
    void late_update(std::string const& body) {
        insert(body);
        work();
        db_.run("UPDATE late SET body = body || '+', updated_at = now() WHERE id = (SELECT id FROM"
                " late ORDER BY random() LIMIT 1)");
    }
    void two_phases(int round) {
        std::string const name = quoted("late " + number_ + "." + std::to_string(round));
        db_.run("PREPARE TRANSACTION " + name);
        work();
        db_.run((between(1, 5) == 1 ? "ROLLBACK PREPARED " : "COMMIT PREPARED ") + name);
    }

    Pg db_;
    std::string const number_;
    std::mt19937_64 chance_;
    int const longest_ms_;
};

}  // namespace

LateWriters::LateWriters(PostgresServer const& server, std::string const& database,
                         std::uint64_t seed, int transactions, int longest_ms)
    : server_{server}, database_{database} {
    server_.connect_as_owner(database_).run(table);
    for (int i = 0; i < count; ++i)
        threads_.emplace_back([this, i, seed, transactions, longest_ms] {
            write(i, seed + static_cast<std::uint64_t>(i), transactions, longest_ms);
        });
}

LateWriters::~LateWriters() {
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

void LateWriters::write(int number, std::uint64_t seed, int transactions, int longest_ms) {
    try {
        Writer writer{server_.connect_as_owner(database_), number, seed, longest_ms};
        for (int round = 0; round < transactions; ++round) writer.transaction(round);
    } catch (std::exception const& failed) {
        failures_[static_cast<std::size_t>(number)] = failed.what();
    }
    --busy_;
}

std::string LateWriters::join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    std::string all;
    for (std::string const& failure : failures_) all += failure;
    return all;
}

void NaiveReader::read() {
    std::string const where =
        last_.empty() ? "" : " WHERE (" + order_ + ") > (" + last_ + ")";
    for (Record const& record :
         db_.rows("SELECT id, updated_at FROM late" + where + " ORDER BY " + order_)) {
        seen_.push_back(record.at(0).value_or(""));
        last_ = order_ == "id" ? seen_.back()
                               : quoted(record.at(1).value_or("")) + "::timestamptz, " +
                                     seen_.back();
    }
}

std::size_t NaiveReader::lost() {
    std::set<std::string> const seen{seen_.begin(), seen_.end()};
    std::vector<Record> const all = db_.rows("SELECT id FROM late");
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](Record const& row) { return !seen.contains(row.at(0).value_or("")); }));
}

}  // namespace weir::test
