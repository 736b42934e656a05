#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "batch_writer.hpp"
#include "checkpoint.hpp"
#include "connectors/postgres/connection.hpp"
#include "fit.hpp"
#include "key_scan.hpp"
#include "swap.hpp"
#include "sweep.hpp"

namespace weir::postgres {

/// One run of one stream into one table: its connection, its place in `_weir_checkpoint`, and how
/// its batches land. Shared by the writer, which writes with it, and the instance, whose prepare()
/// must use the same connection, or it would wait for the transaction that the writer has open.
///
/// A transaction ends with the checkpoint, in one statement with its condition, so that no lock is
/// held while anybody waits for this side. Staged rows are one transaction from the first to the
/// last.
///
/// One thread at a time, interrupt() excepted.
class WriteSession {
public:
    /// Fences and recovers in one short transaction. `epoch` in: ours, 0 for the next; out: the one
    /// that is stored. E_FENCED (with `epoch` set) when a newer one is.
    WriteSession(Host host, std::shared_ptr<Spare> spare, std::unique_ptr<Connection> connection,
                 Begin const& begin, std::uint64_t& epoch, Call const& call);
    ~WriteSession();
    WriteSession(WriteSession const&) = delete;
    WriteSession& operator=(WriteSession const&) = delete;

    std::string const& cursor() const { return row_.cursor; }

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields);
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects& rejects);
    /// Answers how many rows a REPLACE removed.
    std::uint64_t commit(Call const& call, Commit const& commit);
    Swept sweep(Call const& call, Sweep const& wanted);
    void interrupt() noexcept { interrupt_.raise(); }

private:
    void fence(Begin const& begin, std::uint64_t& epoch, Wait const& wait);
    void take(Begin const& begin, std::uint64_t& epoch, int lock_ms, Wait const& wait);
    Outcome begin_or_make_table(std::int64_t epoch, int lock_ms, Wait const& wait);
    void recover(Begin const& begin, Outcome const& found, Wait const& wait);
    Prepared fit_target(std::vector<FieldView> const& fields, Wait const& wait);
    void look_for_guards(Wait const& wait);
    void change_target(Fit const& change, Wait const& wait);
    Route choose_route(bool holds_rows);
    void look(Begin const& begin, Wait const& wait);
    Swept compare(Sweep const& wanted, Wait const& wait);
    Swept count(Comparison const& comparison, bool anew, Wait const& wait);
    void tell_missing(MissingKeys keys, Comparison const& comparison, Swept const& swept,
                      Wait const& wait);
    bool is_fetching() const { return is_keys_ && is_swept_; }
    void stage_keys(Wait const& wait);
    void open();
    void check_epoch(Wait const& wait);
    std::uint64_t swap(Wait const& wait, Refusals refusals);
    void number_on(Wait const& wait);
    void end_transaction(Commit const& commit, std::uint64_t rows, Wait const& wait);
    [[noreturn]] void tell_commit_failure(Outcome const& outcome, std::size_t checks);
    Outcome execute(std::string const& sql, Wait const& wait);
    std::vector<Result> run(std::string const& sql, Wait const& wait);
    void ready() const;
    template <class Work>
    void guarded(Wait const& wait, Work&& work);
    void tell_fenced(Wait const& wait);

    Host host_;
    std::shared_ptr<Spare> spare_;
    std::unique_ptr<Connection> connection_;
    Interrupt interrupt_;
    Target target_;
    Place place_;
    Seat seat_;
    std::string owner_;
    bool is_keys_, is_staged_, is_look_, is_broken_ = false, is_open_ = false;
    std::string kept_cursor_;  // as it was stored, whatever is read for a stage
    bool reads_all_ = false;   // from the first record to the last
    bool is_new_ = false;    // the target was made by the open transaction
    bool has_rows_ = false;  // of this transaction
    std::string first_;      // goes ahead of the next statement: the beginning of the transaction
    Checkpoint row_;         // as it stands in the sink
    Memory memory_;          // of the last run
    std::set<std::string> told_;  // of columns that go on all the same
    std::vector<FieldView> fields_;
    std::vector<std::string> types_;  // of them
    std::optional<Fit> fit_;
    std::unique_ptr<BatchWriter> writer_;
    std::optional<KeyScan> scan_;  // of keys, as long as nothing has to be staged
    std::optional<Swap> swap_;
    bool is_swept_ = false;
    std::optional<Swept> counted_;  // of the stage as it is, beside the target
    std::uint64_t staged_rows_ = 0, refused_ = 0;
};

/// How the target looks now.
struct Look {
    std::optional<TargetTable> table;
    bool has_rows = false;
};
Look look_at(Connection& connection, Place const& place, std::string const& first,
             Wait const& wait);
/// Whether there is a row; where the user may not look, there may be one.
bool has_rows(Connection& connection, TargetTable const& table, Place const& place,
              Wait const& wait);

/// What the sessions of a stream are called while they write; `epoch` 0: not known yet.
std::string session_name(std::string const& owner, std::int64_t epoch);

/// The transaction of a write: settings that hold for it alone, so that a pooler may lend the
/// session to others after it.
std::string begin_write_sql(std::string const& name);

}  // namespace weir::postgres
