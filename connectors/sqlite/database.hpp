#pragma once

#include <sqlite3.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <weir/cpp/host.hpp>

#include "location.hpp"

namespace weir::sqlite {

enum class Access {
    read,   ///< changes nothing, makes no file
    write,  ///< makes the file; WAL, synchronous=FULL
    stage   ///< a file that may vanish with the process: neither WAL nor fsync
};

class Statement;

/// One connection to one database file.
///
/// Waits for a lock of another program up to `busy_ms_max` of each call, in small steps, and no
/// longer than the call is wanted. Every failure is thrown as an Error that names the file. One
/// thread at a time, interrupt() excepted.
class Database {
public:
    /// Opens. The file is only looked at by the first statement, which for Access::write and stage
    /// is part of the constructor. E_IO, E_CONFIG, E_BUSY.
    Database(Location const& location, Access access, Call const& call);
    ~Database();
    Database(Database const&) = delete;
    Database& operator=(Database const&) = delete;

    void exec(std::string const& sql);
    Statement prepare(std::string_view sql);
    /// The first column of the only row, as a number; nothing when there is no row.
    std::optional<std::int64_t> number(std::string_view sql);

    bool in_transaction() const { return sqlite3_get_autocommit(db_) == 0; }
    std::int64_t changes() const { return sqlite3_changes64(db_); }
    sqlite3* raw() const { return db_; }
    Location const& location() const { return location_; }

    /// Makes the statement at work fail. Any thread.
    void interrupt() noexcept;

    /// What SQLite last complained of, as the Error that fits.
    Error error(int rc) const;

    /// While alive, waiting and long statements of the database end with the call. A call begins
    /// with one of these: it takes back an interrupt that came too late for the call before.
    class Watch {
    public:
        Watch(Database& db, Call const& call) : db_{db}, before_{db.call_} {
            db_.call_ = &call;
            db_.interrupted_ = false;
            db_.waited_ms_ = 0;
        }
        ~Watch() { db_.call_ = before_; }
        Watch(Watch const&) = delete;
        Watch& operator=(Watch const&) = delete;

    private:
        Database& db_;
        Call const* before_;
    };

private:
    static int on_busy(void* self, int tries);
    static int on_progress(void* self);
    bool is_unwanted() const;
    void open();
    void settle();
    void enter_wal();
    void check_place() const;

    Location location_;
    Access access_;
    sqlite3* db_ = nullptr;
    Call const* call_ = nullptr;
    std::int64_t waited_ms_ = 0;
    std::atomic<bool> interrupted_ = false;
};

/// A compiled statement; finalized at the end of its life, which must lie within the database's.
class Statement {
public:
    Statement() = default;
    Statement(Database& db, std::string_view sql);
    Statement(Statement&& other) noexcept { swap(other); }
    Statement& operator=(Statement&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Statement() { sqlite3_finalize(statement_); }
    explicit operator bool() const { return statement_ != nullptr; }

    Statement& bind(int at, std::int64_t value);
    Statement& bind(int at, double value);
    Statement& bind(int at, std::string_view text);  ///< copied
    Statement& bind_blob(int at, std::string_view bytes);
    Statement& bind_null(int at);

    /// True: there is a row. Throws what the database says.
    bool step();
    /// The bare result code, for callers that tell errors apart.
    int try_step() { return sqlite3_step(statement_); }
    /// Runs to the end and makes it ready to run again.
    void run();
    void reset() { sqlite3_reset(statement_); }

    bool is_null(int column) const { return type(column) == SQLITE_NULL; }
    int type(int column) const { return sqlite3_column_type(statement_, column); }
    std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
    double real(int column) const { return sqlite3_column_double(statement_, column); }
    /// Of text or a blob; valid until the next step.
    std::string_view bytes(int column) const;
    std::string text(int column) const { return std::string{bytes(column)}; }
    sqlite3_stmt* raw() const { return statement_; }

private:
    void swap(Statement& other) noexcept {
        std::swap(db_, other.db_);
        std::swap(statement_, other.statement_);
    }
    void check(int rc) const;

    Database* db_ = nullptr;
    sqlite3_stmt* statement_ = nullptr;
};

/// BEGIN IMMEDIATE now; rolls back unless commit() was reached.
class Transaction {
public:
    explicit Transaction(Database& db) : db_{db} { db_.exec("BEGIN IMMEDIATE"); }
    ~Transaction();
    Transaction(Transaction const&) = delete;
    Transaction& operator=(Transaction const&) = delete;
    void commit() { db_.exec("COMMIT"); }

private:
    Database& db_;
};

}  // namespace weir::sqlite
