#pragma once

#include <mysql.h>

#include <cstdint>
#include <exception>
#include <functional>
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

namespace weir::mysql {

/// The rows of a small result, as text. A value.
class Answer {
public:
    using Cell = std::optional<std::string>;
    void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
    std::size_t rows() const { return rows_.size(); }
    bool null(std::size_t row, std::size_t column) const { return !cell(row, column); }
    /// Empty for null.
    std::string text(std::size_t row, std::size_t column) const {
        return cell(row, column).value_or("");
    }
    std::int64_t number(std::size_t row, std::size_t column) const;

private:
    Cell const& cell(std::size_t row, std::size_t column) const { return rows_.at(row).at(column); }
    std::vector<std::vector<Cell>> rows_;
};

/// One value of a row of the binary protocol. Borrowed until the next row.
struct RawValue {
    unsigned char const* data = nullptr;
    std::size_t size = 0;
    bool null = false;
};

/// One session: UTC, utf8mb4, no limits of statements, snapshots repeatable. No call blocks beyond
/// its Wait, but for the name service, which libmariadb asks before anything can be waited for.
/// Used by one thread at a time.
class Connection {
public:
    /// Connects; throws a sorted error (failure.hpp). With `loads` the server may be asked to load.
    Connection(Settings const& settings, Wait const& wait, bool loads = false);
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;
    /// Hangs up; what the server still does for us ends at its next row.
    ~Connection() = default;

    /// Runs one statement and keeps all its rows.
    Answer run(std::string const& sql, Wait const& wait, Subject const& subject = {});

    /// The same for those who know better what a failure means; rows are dropped. Throws when the
    /// session is gone.
    std::optional<Said> execute(std::string const& sql, Wait const& wait);
    /// How many rows the last statement changed.
    std::uint64_t affected() const { return mysql_affected_rows(connection_.get()); }
    /// Answers what the server reads next, valid until it is asked again; empty: the end.
    using Feed = std::function<std::string_view()>;
    /// LOAD DATA LOCAL, of which `feed` is what the server reads, whatever file it asks for; it is
    /// asked while the server is at work on what came before, and what it throws is thrown.
    /// Without such a call a server that asks for a file is given nothing.
    std::optional<Said> load(std::string const& sql, Feed const& feed, Wait const& wait);
    /// What the last statement did not do as it was told.
    unsigned warnings() const { return mysql_warning_count(connection_.get()); }

    /// Begins to stream the rows of one statement, by the binary protocol, unbuffered.
    void start_rows(std::string const& sql, Wait const& wait, Subject const& subject);
    /// The next row, one value for each column; false at the end, after the server has said that
    /// it was the end. `row` has as many places as the statement has columns.
    bool next_row(std::vector<RawValue>& row, Wait const& wait, Subject const& subject);

    /// Rows of the last start_rows() are left.
    bool has_rows() const { return statement_ != nullptr; }
    /// Ends the statement whose rows are left; the transaction stands.
    void drop_rows(Wait const& wait);

    bool is_mariadb() const { return is_mariadb_; }
    /// What the server takes at once.
    std::size_t packet_bytes_max() const { return packet_bytes_max_; }
    /// Names of tables are compared without regard to case.
    bool folds_names() const { return folds_names_; }
    /// Whether another read may begin: no rows are left, no transaction is open.
    bool usable() const;
    /// Whether another statement may begin in the transaction that is open.
    bool in_transaction() const;
    /// No other read may begin.
    void retire() { retired_ = true; }
    Settings const& settings() const { return settings_; }

private:
    struct Close {
        void operator()(MYSQL* connection) const { mysql_close(connection); }
        void operator()(MYSQL_STMT* statement) const { mysql_stmt_close(statement); }
    };

    void set_options();
    void take_over_files();
    void establish(Wait const& wait);
    void begin_session(Wait const& wait);
    template <class Start, class GoOn>
    void drive(Start start, GoOn go_on, Wait const& wait);
    int wait_for(int events, Wait const& wait);
    void end_rows(Wait const& wait);
    bool is_free() const;
    bool says_transaction() const;
    Error failure(Subject const& subject);
    Error statement_failed(Subject const& subject);

    Settings const& settings_;
    // In this order: the session ends first, so that closing the statement reads no rows to their
    // end.
    std::unique_ptr<MYSQL_STMT, Close> statement_;
    std::unique_ptr<MYSQL, Close> connection_;
    std::int64_t connect_until_ms_ = 0;  ///< 0: connected
    bool loads_;
    struct Loading {
        Feed const& feed;
        std::string_view left;
        std::exception_ptr thrown;
        int read(char* into, unsigned room) noexcept;
    };
    Loading* loading_ = nullptr;
    bool is_mariadb_ = false, folds_names_ = false;
    std::size_t packet_bytes_max_ = 0;
    bool retired_ = false;
    bool suspended_ = false;  ///< a call was given up in the middle
};

using Spare = weir::Spare<Connection>;

}  // namespace weir::mysql
