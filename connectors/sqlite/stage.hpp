#pragma once

#include <memory>
#include <string>

#include "batch_insert.hpp"

namespace weir::sqlite {

/// Whose staging file it is.
struct StageName {
    std::string owner;  ///< fingerprint() of job and stream
    std::uint64_t epoch = 0;
};

/// Rows that wait for the end of their stream, in a file beside the database.
///
/// The file is new, carries the epoch of its run in its name, and is gone when this ends. While
/// this lives its process holds it by flock(), which ends with the process however that ends: what
/// a killed run left is told by that, and removed by drop_left(). Holds no lock on the database.
class Stage {
public:
    Stage(Location const& database, StageName const& name, std::string table, Call const& call);
    ~Stage();
    Stage(Stage const&) = delete;
    Stage& operator=(Stage const&) = delete;

    /// Makes room for these fields, beside those that came before. Rows of one `key` are one.
    void prepare(std::vector<FieldView> const& fields, std::vector<std::size_t> const& key);
    void write(Call const& call, ArrowArray const& batch, Rejects& rejects);
    /// Any thread, but not beside end_writing().
    void interrupt() noexcept {
        if (db_) db_->interrupt();
    }

    void end_writing();
    /// After end_writing(): `main` sees the rows as the table `name_in_main()`, until detached, and
    /// may make others beside it, `_weir_stage.…`, which go with the file.
    void attach_to(Database& main, bool read_only = false);
    std::string name_in_main() const;
    static void detach_from(Database& main) noexcept;

    /// Removes the stages of `database` that older epochs of `name` made, at work or not, and all
    /// those of others whose process is gone.
    static void drop_left(Location const& database, StageName const& name) noexcept;

private:
    Fit stage_fit(std::vector<FieldView> const& fields, std::vector<std::size_t> const& key) const;

    Location file_;
    int held_ = -1;      // what holds the file
    std::string table_;  // named as the target is, so that messages of SQLite name that
    std::unique_ptr<Database> db_;
    std::unique_ptr<BatchInsert> insert_;
    int schemas_ = 0;
};

}  // namespace weir::sqlite
