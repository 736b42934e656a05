#include "chaos/late_maria_writers.hpp"

#include <algorithm>
#include <random>
#include <set>

namespace weir::test {
namespace {

constexpr char table[] =
    "CREATE TABLE late (id bigint AUTO_INCREMENT PRIMARY KEY, body varchar(200),"
    " updated_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)"
    " ON UPDATE CURRENT_TIMESTAMP(6), KEY (updated_at, id));"
    "INSERT INTO late (body) SELECT CONCAT('before ', seq) FROM ";

/// One session, and its chances.
class Writer {
public:
    Writer(My db, int number, std::uint64_t seed, int longest_ms)
        : db_{std::move(db)},
          number_{std::to_string(number)},
          chance_{seed},
          longest_ms_{longest_ms} {}

    void transaction(int round) {
        std::string const body = quoted("w" + number_ + "." + std::to_string(round));
        if (between(0, 4) == 0) return slow_statement(body);
        std::string const name = quoted("late " + number_ + "." + std::to_string(round));
        bool const in_two_phases = between(1, 4) == 1;
        db_.run(in_two_phases ? "XA START " + name : "BEGIN");
        switch (between(0, 3)) {
            case 0: early_id(body); break;
            case 1: early_clock(body); break;
            case 2: savepoints(body); break;
            default: late_update(body);
        }
        bool const gives_up = between(1, 5) == 1;
        if (!in_two_phases) return db_.run(gives_up ? "ROLLBACK" : "COMMIT");
        db_.run("XA END " + name + "; XA PREPARE " + name);
        work();
        db_.run((gives_up ? "XA ROLLBACK " : "XA COMMIT ") + name);
    }

private:
    int between(int low, int high) {
        return std::uniform_int_distribution<int>{low, high}(chance_);
    }
    std::string a_while() { return std::to_string(between(0, longest_ms_)) + " / 2000"; }
    /// The work that a transaction does besides, at the server.
    void work() { db_.rows("SELECT SLEEP(" + a_while() + ")"); }
    void insert(std::string const& body) {
        db_.run("INSERT INTO late (body) VALUES (" + body + ")");
    }

    // Its clock is that of its begin, and there is no transaction until its first row.
    void slow_statement(std::string const& body) {
        db_.run("INSERT INTO late (body) SELECT " + body + " FROM (SELECT SLEEP(" + a_while() +
                ")) AS s");
    }
    // Drawn for a row that is taken back, and used later.
    void early_id(std::string const& body) {
        db_.run("SAVEPOINT one");
        insert(body);
        std::string const id = db_.one("SELECT LAST_INSERT_ID()");
        db_.run("ROLLBACK TO one");
        work();
        db_.run("INSERT INTO late (id, body) VALUES (" + id + ", " + body + ")");
        work();
    }
    void early_clock(std::string const& body) {
        db_.rows("SELECT id FROM late LIMIT 1");
        db_.run("SET @early = NOW(6)");
        work();
        db_.run("INSERT INTO late (body, updated_at) VALUES (" + body + ", @early)");
        work();
    }
    void savepoints(std::string const& body) {
        insert(body);
        db_.run("SAVEPOINT one");
        insert(body);
        work();
        db_.run(between(0, 1) ? "ROLLBACK TO one" : "RELEASE SAVEPOINT one");
        db_.run("SAVEPOINT two");
        insert(body);
        work();
    }
    // Last in its transaction, so that nobody waits for two rows.
    void late_update(std::string const& body) {
        insert(body);
        work();
        std::string const id = db_.one("SELECT id FROM late ORDER BY RAND() LIMIT 1");
        db_.run("UPDATE late SET body = CONCAT(body, '+') WHERE id = " + id);
    }

    My db_;
    std::string const number_;
    std::mt19937_64 chance_;
    int const longest_ms_;
};

}  // namespace

LateMariaWriters::LateMariaWriters(MariadbServer const& server, std::string const& database,
                                   std::uint64_t seed, int transactions, int longest_ms)
    : server_{server}, database_{database} {
    server_.connect_as_owner(database_).run(table + numbers(100));
    for (int i = 0; i < count; ++i)
        threads_.emplace_back([this, i, seed, transactions, longest_ms] {
            write(i, seed + static_cast<std::uint64_t>(i), transactions, longest_ms);
        });
}

LateMariaWriters::~LateMariaWriters() {
    for (std::thread& thread : threads_)
        if (thread.joinable()) thread.join();
}

void LateMariaWriters::write(int number, std::uint64_t seed, int transactions, int longest_ms) {
    try {
        Writer writer{server_.connect_as_owner(database_), number, seed, longest_ms};
        for (int round = 0; round < transactions; ++round) writer.transaction(round);
    } catch (std::exception const& failed) {
        failures_[static_cast<std::size_t>(number)] = failed.what();
    }
    --busy_;
}

std::string LateMariaWriters::join() {
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
    std::string all;
    for (std::string const& failure : failures_) all += failure;
    return all;
}

void NaiveMariaReader::read() {
    std::string const where =
        last_.empty() ? "" : " WHERE (" + order_ + ") > (" + last_ + ")";
    for (Record const& record :
         db_.rows("SELECT id, updated_at FROM late" + where + " ORDER BY " + order_)) {
        seen_.push_back(record.at(0).value_or(""));
        last_ = order_ == "id" ? seen_.back()
                               : quoted(record.at(1).value_or("")) + ", " + seen_.back();
    }
}

std::size_t NaiveMariaReader::lost() {
    std::set<std::string> const seen{seen_.begin(), seen_.end()};
    std::vector<Record> const all = db_.rows("SELECT id FROM late");
    return static_cast<std::size_t>(std::ranges::count_if(
        all, [&](Record const& row) { return !seen.contains(row.at(0).value_or("")); }));
}

}  // namespace weir::test
