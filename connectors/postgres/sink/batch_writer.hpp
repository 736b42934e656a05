#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "encode.hpp"
#include "fit.hpp"
#include "give_way.hpp"

namespace weir::postgres {

/// How rows come into the target.
enum class Route {
    direct,  ///< COPY into it
    merge,   ///< COPY into a temporary table, and what differs from there
    stage    ///< COPY into a temporary table that holds the rows of all batches
};

/// The names of the temporary tables.
inline constexpr char batch_table[] = "pg_temp.\"_weir_batch\"";
inline constexpr char stage_table[] = "pg_temp.\"_weir_stage\"";

/// Writes batches of certain fields within the transaction of its owner. Each is a savepoint: where
/// the server refuses a row, what stands before it is written again, it alone is tried, and the
/// work goes on behind it. A row that may only wait for another one to give up its place is tried
/// once more at the end.
class BatchWriter {
public:
    BatchWriter(Connection& connection, Place place, Fit fit, std::vector<FieldView> fields,
                Route route, bool is_upsert);

    /// Everything that `first` holds runs ahead of the first statement, and is taken.
    void write(Wait const& wait, ArrowArray const& batch, Rejects& rejects, std::string& first);
    /// Goes on within the transaction of a writer of other fields.
    void take_over(BatchWriter const& other) {
        has_table_ = other.has_table_ && other.route_ == Route::stage;
        staged_ = other.staged_;
    }
    /// Makes the stage, should no batch have come.
    void ensure_table(Wait const& wait, std::string& first);
    /// So many rows were put into the stage by somebody else.
    void skip(std::int64_t rows) { staged_ += rows; }
    /// The transaction is over, and with it the temporary tables.
    void end() { has_table_ = false; }

    Route route() const { return route_; }
    std::vector<FieldView> const& fields() const { return fields_; }

private:
    struct Range {
        std::int64_t begin, end;
        std::int64_t rows() const { return end - begin; }
    };
    struct Waiting {
        std::int64_t row;
        Error why;
    };
    using Failure = std::optional<Result>;

    void turn_to(Route route);
    void refuse_null_keys(Rejects& rejects);
    void leave_out_earlier();
    void refuse(std::int64_t row, Error const& why, Rejects& rejects);
    Failure attempt(Wait const& wait, Range range, Rejects& rejects);
    bool send_rows(Wait const& wait, Range range, Rejects& rejects);
    Failure merge(Wait const& wait);
    void refuse_newer(Result const& newer, Rejects& rejects);
    void undo(Wait const& wait, char const* savepoint);
    std::optional<Error> write_around(Wait const& wait, Result const& first, Rejects& rejects);
    void try_waiting(Wait const& wait, std::vector<Waiting>& waiting, Rejects& rejects);
    std::int64_t suspect(Range range, Result const& failed) const;
    std::string row_words(std::int64_t row) const;
    Error refusal(std::int64_t row, std::size_t landing) const;
    std::string opening();
    std::string merging() const;

    Connection& connection_;
    Place place_;
    Fit fit_;
    std::vector<FieldView> fields_;
    Route route_;
    bool is_upsert_, by_server_;  // the server tells which of the rows of one key is the last
    bool has_table_ = false;
    GiveWay way_;  // of the attempt at work
    std::optional<Encoder> encoder_;
    std::vector<std::size_t> key_;  // the key's places within the landings
    std::vector<bool> left_out_;
    std::int64_t rows_ = 0;
    std::int64_t staged_ = 0;  // rows of earlier batches in the stage
    std::string* first_ = nullptr;
    Outgoing out_;
};

}  // namespace weir::postgres
