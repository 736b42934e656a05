#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "batch_writer.hpp"
#include "checkpoint.hpp"
#include "connectors/mysql/connection.hpp"
#include "fit.hpp"

namespace weir::mysql {

/// One run of one stream into one table: its connection, its place in `_weir_checkpoint`, and how
/// its batches land. Shared by the writer, which writes with it, and the instance, whose prepare()
/// must use the same connection, or it would wait for the transaction that the writer has open.
///
/// The checkpoint is moved last, so that its lock is not held while anybody waits for this side.
/// Staged rows lie in a temporary table of the session, and come into the target at the end.
///
/// One thread at a time, interrupt() excepted.
class WriteSession {
public:
    /// Fences and recovers in one short transaction. `epoch` in: ours, 0 for the next; out: the one
    /// that is stored. E_FENCED (with `epoch` set) when a newer one is.
    WriteSession(Host host, Settings const& settings, Begin const& begin, std::uint64_t& epoch,
                 Call const& call);
    WriteSession(WriteSession const&) = delete;
    WriteSession& operator=(WriteSession const&) = delete;

    std::string const& cursor() const { return row_.cursor; }

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields);
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects& rejects);
    /// Answers how many rows a REPLACE removed.
    std::uint64_t commit(Call const& call, Commit const& commit);
    Swept sweep(Call const& call, Sweep const& sweep);
    void interrupt() noexcept { interrupt_.raise(); }

private:
    void look(Begin const& begin, Wait const& wait);
    void fence(Begin const& begin, std::uint64_t& epoch, Wait const& wait);
    std::optional<Checkpoint> lock_post(std::int64_t older, Wait const& wait);
    void recover(Begin const& begin, bool is_known, Wait const& wait);
    void take_fence(Wait const& wait);
    void end_holder(std::string const& name, Wait const& wait);
    Prepared fit_target(std::vector<FieldView> const& fields, Wait const& wait);
    Route route() const;
    void open(Wait const& wait);
    void check_epoch(Wait const& wait);
    void check_target(Wait const& wait);
    Swept compare(Sweep const& wanted, Wait const& wait);
    /// What was swept by its keys takes records now, like an upsert.
    bool is_fetching() const { return is_keys_ && is_swept_; }
    std::uint64_t swap(Wait const& wait, Refusals refusals);
    void end_transaction(Commit const& commit, std::uint64_t rows, Wait const& wait);
    void run(std::string const& sql, Wait const& wait);
    void ready() const;
    template <class Work>
    void guarded(Wait const& wait, Work&& work);
    void tell_fenced(Wait const& wait);

    Host host_;
    Settings const& settings_;
    Interrupt interrupt_;
    std::unique_ptr<Connection> connection_;
    Dialect dialect_;
    Target target_;
    Seat seat_;
    Post post_;
    std::string owner_;
    bool is_keys_;    // the stage holds keys alone, to be compared
    bool is_staged_, is_look_, is_broken_ = false, is_open_ = false, has_rows_ = false;
    bool is_swept_ = false;    // what is too much is gone already
    bool reads_all_ = false;   // from the first record to the last
    std::string kept_cursor_;  // as it stood when this writer began
    Checkpoint row_;  // as it stands in the sink
    Memory memory_;   // of the last run
    std::set<std::string> told_;  // of columns that go on all the same
    std::vector<FieldView> fields_;
    std::optional<Fit> fit_;
    std::unique_ptr<BatchWriter> writer_;
    std::uint64_t staged_rows_ = 0, refused_ = 0;
};

/// A session for writes: strict, so that the server refuses what it would have to change; zero and
/// impossible dates are values.
std::unique_ptr<Connection> connect_to_write(Settings const& settings, Wait const& wait);

}  // namespace weir::mysql
