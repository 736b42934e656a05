#pragma once

#include <memory>
#include <mutex>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "carry.hpp"
#include "driver.hpp"

namespace weir::adbc {

class Connection;

/// A statement and the batches that it answers; must not outlive its connection.
class Result {
public:
    Result(Connection& connection, Call const& call, std::string const& sql,
           std::vector<Value> const& parameters);
    Result(Result const&) = delete;
    Result& operator=(Result const&) = delete;
    ~Result();

    std::vector<FieldView> const& fields() const { return fields_; }
    /// The next batch, valid until the call after; null: the end.
    ArrowArray const* next(Call const& call);

private:
    void drop_array();

    struct Owned : abi::Stream {
        Owned() : abi::Stream{} {}
        ~Owned() {
            if (release) release(this);
        }
    };

    Connection& connection_;
    std::shared_ptr<void> statement_;
    Owned stream_;
    ArrowArray array_{};
    std::vector<FieldView> fields_;
};

/// One connection to the database of the settings. A database is opened once in this process,
/// however many connections it has, and closed with the last of them: a second time on one file
/// would damage it. One thread at a time, interrupt() excepted.
class Connection {
public:
    Connection(Settings const& settings, Call const& call);
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;
    ~Connection();

    Settings const& settings() const { return settings_; }

    /// Runs a statement whose answer nobody wants.
    void run(Call const& call, std::string const& sql, std::vector<Value> const& parameters = {});
    /// The first row, as text and numbers; empty when there is none.
    std::vector<Value> row(Call const& call, std::string const& sql,
                           std::vector<Value> const& parameters = {});
    /// The whole numbers of the first column.
    std::vector<std::int64_t> numbers(Call const& call, std::string const& sql);

    /// Appends the rows to a temporary table; they are gone from `rows` afterwards.
    void ingest(Call const& call, std::string const& table, Batch& rows);

    void begin(Call const& call);
    void commit(Call const& call);
    void rollback() noexcept;
    bool in_transaction() const { return in_transaction_; }

    /// Schema of a table, or what the driver said why not.
    std::vector<FieldView> table_schema(Call const& call, std::string const& schema,
                                        std::string const& table);
    /// GetObjects down to the columns.
    void objects(Call const& call, char const* schema, char const* table, abi::Stream* out);
    /// "duckdb"; empty when the driver does not say.
    std::string vendor(Call const& call);

    void interrupt() noexcept;

private:
    friend class Result;
    struct Lease;

    std::shared_ptr<void> statement();
    void check(Call const& call, char const* doing, abi::Status status);
    void set_autocommit(Call const& call, bool on);

    Settings const settings_;
    abi::Driver const& driver_;
    std::unique_ptr<Lease> lease_;
    abi::Connection connection_{};
    Said said_;
    bool in_transaction_ = false;
    std::mutex interrupting_;  // guards the life of what interrupt() reaches
    std::vector<abi::Statement*> statements_;
};

/// Throws what the stream says about its failure.
[[noreturn]] void stream_failed(Call const& call, Settings const& settings, abi::Stream& stream);

}  // namespace weir::adbc
