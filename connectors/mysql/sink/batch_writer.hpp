#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "fit.hpp"
#include "connectors/mysql/connection.hpp"
#include "values.hpp"

namespace weir::mysql {

/// How rows come into the target.
enum class Route {
    append,  ///< INSERT
    upsert,  ///< INSERT … ON DUPLICATE KEY UPDATE: the key is the only unique index
    merge,   ///< by a temporary table that holds the rows of one batch, since that clause would
             ///< fire on the other indexes too, and where versions are compared
    stage    ///< into a temporary table that holds the rows of all batches
};

/// Writes batches of certain fields within the transaction of its owner. Ends before its
/// connection.
///
/// By LOAD DATA from memory where the server takes it. That ends with warnings where a statement
/// would be refused, or where a row is there already: then what it did is undone, and the same
/// rows go by statements of many rows. One that the server refuses for a row leaves nothing
/// behind: it is halved until the row stands alone.
class BatchWriter {
public:
    BatchWriter(Connection& connection, Seat seat, Fit fit, std::vector<FieldView> fields,
                Route route);

    void write(Wait const& wait, ArrowArray const& batch, Rejects& rejects);
    /// Makes the temporary table, unless one of the same fields was taken over.
    void make_table(Wait const& wait);
    Route route() const { return route_; }
    std::string const& table() const { return table_; }  ///< the temporary one, as SQL

private:
    struct Range {
        std::int64_t begin, end;
    };

    void refuse_null_keys(Rejects& rejects);
    void refuse(std::int64_t row, Error const& why, Rejects& rejects);
    bool load(Wait const& wait, Range range, Rejects& rejects);
    std::int64_t fill(Range range, Rejects& rejects);
    void write_range(Wait const& wait, Range range, Rejects& rejects);
    void merge(Wait const& wait, Rejects& rejects);
    void refuse_newer(Wait const& wait, Rejects& rejects);
    void run(Wait const& wait, std::string const& sql);
    bool append_row(std::int64_t row, Style style, Rejects& rejects);
    std::string row_words(std::int64_t row) const;
    Error too_large(std::int64_t row, std::size_t size) const;
    Error value_refusal(std::int64_t row, Landing const& landing, char const* why) const;
    Error no_value(std::int64_t row, Landing const& landing) const;
    Error remedied(Error why) const;

    Connection& connection_;
    Seat seat_;
    Fit fit_;
    std::vector<FieldView> fields_;
    Route route_;
    std::string table_, head_, tail_, load_;
    bool loads_ = true;
    int failed_loads_ = 0;  // in a row
    std::vector<std::size_t> key_;  // the key's places within the fields
    std::vector<ColumnView> columns_;
    std::vector<bool> left_out_;
    std::optional<Error> first_refused_;  // where there is nobody to hand it to
    std::string sql_;
    std::size_t room_;  // of it, for what the server takes at once
};

}  // namespace weir::mysql
