#pragma once

#include <optional>
#include <vector>

#include "columns.hpp"
#include "fit.hpp"

namespace weir::sqlite {

/// Writes batches of certain fields into one table, one statement each.
///
/// Needs an open transaction. A row that the table refuses is found, handed to `rejects`, and left
/// out; without `rejects` the batch leaves nothing behind and E_DATA names its first such row.
/// Belongs to one connection and must end before it.
class BatchInsert {
public:
    /// `is_upsert`: by the key of `fit`, whose values may then not be null.
    BatchInsert(Database& db, Fit fit, std::vector<FieldView> fields, bool is_upsert, int number);

    std::vector<FieldView> const& fields() const { return batch_.fields(); }
    void write(ArrowArray const& batch, Rejects& rejects);

private:
    void refuse_null_keys(Rejects& rejects);
    void refuse_bad_text(Rejects& rejects);
    void refuse_older(Rejects& rejects);
    void refuse(std::int64_t row, Error const& why, Rejects& rejects);
    /// The error of the first refused row, when there is no one to hand it to.
    std::optional<Error> write_around(Rejects& rejects);
    struct Waiting {
        std::int64_t row;
        Error why;
    };
    void drop_superseded(std::vector<Waiting>& waiting);
    void try_again(std::vector<Waiting>& waiting);
    void exchange(std::vector<Waiting>& waiting);
    int run(Statement& insert);
    [[noreturn]] void refuse_trigger(char const* deed) const;
    Error refusal(std::int64_t row, int rc) const;
    std::string row_words(std::int64_t row) const;

    Database& db_;
    Fit fit_;
    BatchTable batch_;
    Statement insert_;
    Statement plain_;  // of an upsert, until a key is met that is there already
    Statement newer_;  // finds what the target has in a newer version; empty: nobody asked
};

/// Whether the error is about the row that was written, not about the database.
bool is_about_row(int rc);

/// The column of `table` that SQLite names as the reason; empty when it names none.
std::string refused_column(Error const& said, std::string const& table);

/// "sqlite.unique", "sqlite.not_null", …: what a row was refused for.
char const* constraint_code(int rc);

}  // namespace weir::sqlite
