#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "checkpoint.hpp"
#include "stage.hpp"

namespace weir::adbc {

/// One run of one stream into one table. Rows wait in temporary tables of its connection; commit()
/// brings them into the target, and the cursor with them, in one short transaction.
///
/// Where the database is a file, it is closed whenever no row waits, so that others get at it
/// between two transactions. One thread at a time, interrupt() excepted.
class Session {
public:
    /// Fences and recovers. `epoch` in: ours, 0 for the next; out: the one that is stored.
    Session(Host host, Settings const& settings, Begin const& begin, std::uint64_t& epoch,
            Call const& call);

    std::string const& cursor() const { return cursor_; }

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields);
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects& rejects);
    /// Answers how many rows a REPLACE removed.
    std::uint64_t commit(Call const& call, Commit const& commit);
    void interrupt() noexcept;

private:
    Connection& db(Call const& call);
    Dialect const& dialect(Call const& call);
    std::string schema(Call const& call);
    void let_go();
    void fence(Begin const& begin, std::uint64_t& epoch, Call const& call);
    std::string position_of(Begin const& begin, std::optional<Checkpoint>& found,
                            Call const& call);
    void check_epoch(Call const& call, std::int64_t batch);
    void check_target(Call const& call);
    void make_fit(Call const& call);
    std::uint64_t show(Call const& call);
    std::uint64_t remove_others(Call const& call);
    void store(Call const& call, Commit const& commit, std::uint64_t rows);
    void drop_stages(Call const& call);
    void ready() const;
    [[noreturn]] void fenced() const;
    template <class Work>
    auto guarded(Call const& call, Work&& work);

    Host host_;
    Settings const settings_;
    std::mutex interrupting_;  // guards the life of the connection
    std::unique_ptr<Connection> db_;
    std::optional<Dialect> dialect_;
    std::optional<Checkpoints> checkpoints_;

    Target target_;
    std::string job_, stream_, run_id_, spec_, owner_, cursor_;
    bool is_staged_ = false, is_broken_ = false, keeps_open_ = true;
    std::int64_t epoch_ = 0, batch_ = 0;
    std::vector<FieldView> fields_;  // as prepared last
    std::optional<Fit> fit_;
    std::vector<std::unique_ptr<Stage>> stages_;  // die before the connection
    bool is_current_ = false;                     // the last stage has the shape of fields_
    int made_ = 0;
    std::uint64_t staged_rows_ = 0;
};

/// Makes the target fit, in a transaction of its own; answers what was done.
Prepared apply(Connection& db, Call const& call, Fit const& fit, bool dry_run);

/// Names a job and stream in marks.
std::string owner_of(std::string const& job, std::string const& stream);

}  // namespace weir::adbc
