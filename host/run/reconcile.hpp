#pragma once

#include <functional>

#include "host/run/drift.hpp"
#include "host/run/batches.hpp"
#include "host/run/plan.hpp"
#include "host/run/position.hpp"
#include "host/run/pump.hpp"
#include "host/run/wanted_keys.hpp"

namespace weir::host {

/// What is said where nothing was deleted for the sake of `refused` records.
std::string kept_for_refused(std::uint64_t refused, Task const& task);

/// What a reconcile needs of the task that it is; all of it is borrowed.
struct ReconcilePorts {
    CopyRequest const& request;
    SourceProxy& source;
    SinkProxy& sink;
    Task const& task;
    Selection const& selection;
    BeginRequest const& begin;  ///< job, stream, run and note; staged
    std::vector<std::string> const& known;  ///< the columns that the run before wrote
    bool knows_target;          ///< the sink has a position for it, so it can be compared
    std::uint64_t row_bytes_max;  ///< larger records are refused
    bool looks_up;              ///< the source reads records by their keys
    DeadLetters* rejects;
    CallContext const& read_call;
    CallContext const& write_call;
    Limits const& limits;
    Stop const& stop;
    Clock const& clock;
    SinkTurn& turn;
    std::function<std::string(Counts const& counts, std::vector<std::string> const& columns,
                              bool final)>
        note;
    std::function<void(std::string const&)> say;
    std::function<void(Counts const&)> told;
    Drift::AtTarget at_target;
};

/// Takes the keys that a sink refuses: no row can have them, so they are none of the target. As
/// letters they would be no records.
class LeftOut final : public DeadLetters {
public:
    Result<void> add(ArrowSchema const&, ArrowArray const&, std::int64_t, std::uint64_t,
                     Error const& why) override {
        if (keys_++ == 0) first_ = why.message;
        return {};
    }
    Result<void> sync() override { return {}; }
    std::uint64_t keys() const { return keys_; }
    std::string const& first() const { return first_; }

private:
    std::uint64_t keys_ = 0;
    std::string first_;  // why the first one was refused
};

/// Makes a target what its source is, deletes included: reads the source whole, within one
/// snapshot, stages it in the sink, and lets the sink compare.
///
/// By keys first, where the target is known. A few records that the target lacks are then read by
/// their keys; where they are many, where the source or the sink cannot do that or does not find
/// each of them, or where values are to be compared, all are read. What goes and what comes
/// is one transaction, with the checkpoint, whose position stays; until then nothing shows. A guard
/// that finds too much to delete ends it with nothing deleted. Where values are compared and some
/// records were refused, none is deleted: their rows look as if the source had lost them.
class Reconcile {
public:
    explicit Reconcile(ReconcilePorts ports);

    /// Adds to `report` what was found and done, however it ends.
    Result<void> run(StreamReport& report);
    bool has_moved() const { return has_moved_; }

private:
    enum class Pass { keys, values };

    Result<void> pass(Pass pass, StreamReport& report);
    bool may_look_up() const;
    Result<void> open(Pass pass, nlohmann::json const& keys = {});
    Result<void> fetch(PumpFacts& facts);
    Result<void> move_missing(PumpFacts& facts);
    Result<bool> look(StreamReport& report);
    Result<void> begin();
    Result<void> settle(Pass pass, PumpFacts& facts, StreamReport& report);
    Result<void> spare(PumpFacts& facts, Swept const& looked);
    Result<void> guard(Reconciled const& found, StreamReport& report) const;
    Result<void> insist(Error refusal, StreamReport& report) const;
    Result<void> tell_plan(StreamReport& report);
    SweepRequest sweep_request(bool dry_run) const;
    PumpRules rules(Pass pass) const;

    ReconcilePorts ports_;
    std::optional<OneRead> reader_;
    std::optional<WriterProxy> writer_;
    OwnedSchema schema_;
    std::optional<Drift> drift_;
    TargetRequest target_;
    std::optional<LeftOut> left_out_;   // keys that the sink refuses
    std::optional<WantedKeys> wanted_;  // those that are missing, where they can be looked up
    bool ends_here_ = false;  // what was to be known is known: nothing is committed
    bool fetches_ = false;    // what is too much is gone; what is wanted follows
    bool has_moved_ = false;
};

}  // namespace weir::host
