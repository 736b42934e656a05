#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/host.hpp>
#include <weir/cpp/spare.hpp>
#include <weir/cpp/wait.hpp>

#include "failure.hpp"
#include "settings.hpp"

namespace weir::postgres {

/// A result of the server, freed at the end of scope. Values are valid as long.
class Result {
public:
    explicit Result(PGresult* result) : result_{result, PQclear} {}
    PGresult const* get() const { return result_.get(); }
    int rows() const { return PQntuples(result_.get()); }
    int columns() const { return PQnfields(result_.get()); }
    bool null(int row, int column) const { return PQgetisnull(result_.get(), row, column) != 0; }
    std::string_view value(int row, int column) const {
        return {PQgetvalue(result_.get(), row, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    }
    std::string text(int row, int column) const { return std::string{value(row, column)}; }
    bool flag(int row, int column) const { return value(row, column) == "t"; }
    std::int64_t number(int row, int column) const;

private:
    std::unique_ptr<PGresult, decltype(&PQclear)> result_;
};

/// What statements came to. The first that fails is the last.
struct Outcome {
    std::vector<Result> rows;           ///< of each statement that answers rows
    std::vector<std::uint64_t> counts;  ///< rows that each other statement touched
    std::optional<Result> failed;
};

/// One session. No call blocks beyond its Wait, but for the name service, which libpq asks before
/// anything can be waited for. Used by one thread at a time.
class Connection {
public:
    /// Connects; throws a sorted error (failure.hpp).
    Connection(Settings const& settings, Wait const& wait);
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;
    /// Asks the server to stop what it still does, and hangs up.
    ~Connection();

    /// Runs one or more statements; the results of all of them that answer rows.
    std::vector<Result> run(std::string const& sql, Wait const& wait, Subject const& subject = {});

    /// The same for those who know better what a failure means; throws when the session is gone.
    Outcome execute(std::string const& sql, Wait const& wait);

    /// Runs `sql`, whose last statement that runs now is COPY … FROM STDIN; what stands behind it
    /// runs at its end. Nothing: the server waits for data.
    std::optional<Outcome> start_copy_in(std::string const& sql, Wait const& wait);
    /// Hands data on; false: the server has refused what came before, and end_copy_in() says why.
    bool put(char const* data, std::size_t size, Wait const& wait);
    /// With `why`, the COPY is given up: the outcome is a failure.
    Outcome end_copy_in(Wait const& wait, char const* why = nullptr);

    /// Begins COPY … TO STDOUT; what stands behind it in `sql` runs at its end.
    void start_copy(std::string const& sql, Wait const& wait, Subject const& subject);
    /// The next line of it, with its line feed, writable, valid until the next call; empty at the
    /// end, after the server has said that it was the end. Waits for a whole line.
    struct Line {
        char* data = nullptr;
        std::size_t size = 0;
    };
    Line copy_line(Wait const& wait, Subject const& subject);

    bool usable() const;
    std::string said() const { return PQerrorMessage(connection_.get()); }
    Settings const& settings() const { return settings_; }

private:
    void establish(Wait const& wait);
    void send(std::string const& sql, Wait const& wait);
    void flush(Wait const& wait);
    PGresult* next_result(Wait const& wait);
    bool take_results(Outcome& outcome, Wait const& wait);
    void finish_copy(Wait const& wait, Subject const& subject);
    bool wait_for(short events, Wait const& wait, std::int64_t ms_max = INT64_MAX);

    Settings const& settings_;
    std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
    char* line_ = nullptr;
};

using Spare = weir::Spare<Connection>;

}  // namespace weir::postgres
