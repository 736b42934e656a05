#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "checkpoint.hpp"
#include "fit.hpp"
#include "stage.hpp"
#include "swap.hpp"

namespace weir::sqlite {

/// One run of one stream into one table: its connection, its place in `_weir_checkpoint`, and how
/// its batches land. Shared by the writer, which writes with it, and the instance, whose prepare()
/// must use the same connection, or it would wait for the transaction that the writer has open.
///
/// One thread at a time, interrupt() excepted.
class Session {
public:
    /// Fences and recovers in one short transaction. `epoch` in: ours, 0 for the next; out: the one
    /// that is stored. E_FENCED (with `epoch` set) when a newer one is.
    Session(Host host, Location location, Begin const& begin, std::uint64_t& epoch,
            Call const& call);

    std::string const& cursor() const { return cursor_; }
    std::string const& target() const { return target_.name; }
    bool is_staged() const { return is_staged_; }

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields);
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects& rejects);
    /// Answers how many rows a REPLACE removed.
    std::uint64_t commit(Call const& call, Commit const& commit);
    Swept sweep(Call const& call, Sweep const& wanted);
    void interrupt() noexcept;

private:
    void fence(Begin const& begin, std::uint64_t& epoch);
    std::string position_of(Begin const& begin, std::optional<Checkpoint>& found) const;
    Fit fit_now(std::vector<FieldView> const& fields);
    void look(Begin const& begin);
    void attach_stage();
    InsertSource staged() const;
    Swept compare(Sweep const& wanted);
    /// What was swept by its keys takes records now, like an upsert.
    bool is_fetching() const { return is_keys_ && is_swept_; }
    void open_transaction();
    void close_transaction(Commit const& commit, std::uint64_t rows);
    void check_epoch();
    void or_fenced(std::function<void()> const& work);
    void check_target();
    std::uint64_t commit_stage(Commit const& commit);
    Swap show_stage(Refusals refusals);
    [[noreturn]] void fenced() const;
    void ready() const;
    template <class Work>
    void guarded(Work&& work);
    void give_up() noexcept;

    Host host_;
    std::mutex interrupting_;  // guards the life of what interrupt() reaches
    std::unique_ptr<Database> db_;
    std::unique_ptr<Stage> stage_;
    std::unique_ptr<BatchInsert> insert_;

    Target target_;
    std::string job_, stream_, run_id_, spec_, owner_, cursor_;
    std::string kept_cursor_;  // as it was stored, whatever is read for a stage
    bool is_keys_ = false, is_replace_ = false, is_staged_ = false, is_look_ = false;
    bool reads_all_ = false;  // from the first record to the last
    bool is_broken_ = false, is_open_ = false, is_attached_ = false, is_swept_ = false;
    std::int64_t epoch_ = 0, batch_ = 0;
    Memory memory_;                  // of the last run
    std::set<std::string> told_;     // of columns that go on all the same
    std::vector<FieldView> fields_;  // as prepared last
    std::optional<Fit> fit_;
    std::uint64_t staged_rows_ = 0;
    int schemas_ = 0;
};

}  // namespace weir::sqlite
