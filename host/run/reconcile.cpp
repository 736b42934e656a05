#include "host/run/reconcile.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/core/failpoint.hpp"
#include "host/run/side.hpp"

namespace weir::host {

namespace {

/// Ends the pump without a commit; nobody is told.
Error stop_here() { return Error{WEIR_E_CANCELLED, "", "what was asked is known"}; }

Error source_is_empty(Reconciled const& found, std::string const& target) {
    return Error{WEIR_E_CONFLICT, "reconcile.source_empty",
                 fmt::format("the source is empty and {} has {} rows: nothing was deleted", target,
                             found.target)};
}

Error too_many(Reconciled const& found, std::string const& target, double most) {
    return Error{WEIR_E_CONFLICT, "reconcile.too_many_deletes",
                 fmt::format("{} of {} rows of {} are no longer in the source, more than the "
                             "fraction {} that may go (--max-delete-fraction): nothing was deleted",
                             found.extra, found.target, target, most)};
}

}  // namespace

std::string kept_for_refused(std::uint64_t refused, Task const& task) {
    return fmt::format("{} records of {} were refused: no row of {} was deleted, since some may be "
                       "theirs; --mode reconcile deletes by keys what the source no longer has",
                       refused, task.stream, task.target);
}

Reconcile::Reconcile(ReconcilePorts ports) : ports_{std::move(ports)} {}

Result<void> Reconcile::run(StreamReport& report) {
    if (!ports_.sink.sweeps())
        return on(at_sink, Error{WEIR_E_UNSUPPORTED, "reconcile.sink_cannot",
                                 fmt::format("the connector of the sink cannot compare {} with its "
                                             "source",
                                             ports_.task.target)}
                               .suggest("--mode full --write replace"));
    bool const by_keys = ports_.knows_target && !ports_.request.reconcile.compares_values;
    if (by_keys) {
        Result<void> done = pass(Pass::keys, report);
        bool const is_done = !ends_here_ || ports_.request.dry_run;
        if (!done || is_done) return done;
        ports_.say(fmt::format("{} records of {} are missing: reading it whole to fetch them",
                               report.reconciled->missing, ports_.task.stream));
    }
    return pass(Pass::values, report);
}

/// Whether its records could be read by the key that the sink knows them by.
bool Reconcile::may_look_up() const {
    return ports_.looks_up && !ports_.request.dry_run && !ports_.task.unique_key.empty() &&
           std::ranges::is_permutation(ports_.task.unique_key, ports_.selection.key);
}

Result<void> Reconcile::pass(Pass pass, StreamReport& report) {
    writer_.reset();
    wanted_.reset();
    ends_here_ = fetches_ = false;
    if (pass == Pass::keys && may_look_up()) wanted_.emplace(ports_.task.unique_key);
    if (Result<void> opened = open(pass); !opened) return opened;
    target_ = ports_.begin.target;
    target_.write_mode = pass == Pass::keys ? WEIR_WRITE_KEYS : WEIR_WRITE_REPLACE;
    target_.spec["key"] = ports_.selection.key;
    if (ports_.request.dry_run) {
        Result<bool> has_rows = look(report);
        if (!has_rows || !*has_rows) return has_rows ? Result<void>{} : has_rows.error();
    }
    if (Result<void> begun = begin(); !begun) return begun;
    DeadLetters* rejects = ports_.rejects;
    left_out_.reset();
    if (rejects && pass == Pass::keys) rejects = &left_out_.emplace();
    PumpPorts pump_ports{*reader_,           *writer_,          ports_.sink, target_,
                         std::move(schema_), *drift_,           rejects,     ports_.read_call,
                         ports_.write_call,  ports_.stop,       ports_.clock, ports_.turn};
    PumpFacts facts;
    facts.timing = report.timing;
    facts.told = [&] { ports_.told(facts.counts); };
    facts.say = ports_.say;
    PumpRules applied = rules(pass);
    applied.settle = [&] { return settle(pass, facts, report); };
    Result<void> done = pump(std::move(pump_ports), applied, facts);
    has_moved_ = has_moved_ || facts.counts.batches > 0;
    if (fetches_) done = fetch(facts);
    report.timing = facts.timing;
    writer_.reset();
    reader_.reset();
    ports_.turn.give();
    if (ends_here_) return ports_.request.dry_run ? tell_plan(report) : Result<void>{};
    if (done && left_out_ && left_out_->keys() > 0)
        ports_.say(fmt::format("{} keys of {} are none that {} could have: {}", left_out_->keys(),
                               ports_.task.stream, ports_.task.target, left_out_->first()));
    // Staged rows that did not reach the end are gone.
    if (done) report.counts = facts.committed;
    return done;
}

/// The records of the keys that are missing, within the transaction of the sweep. What does not go
/// well on this way is left to the other one.
Result<void> Reconcile::fetch(PumpFacts& facts) {
    ports_.say(fmt::format("{} records of {} are missing: reading them by their keys",
                           wanted_->size(), ports_.task.stream));
    Result<void> done = move_missing(facts);
    bool const is_ours = !done && !facts.uncertain && !ports_.stop.reading &&
                         done.error().status != WEIR_E_FENCED;
    if (!is_ours) return done;
    ends_here_ = true;
    facts.counts = facts.committed = {};
    return {};
}

Result<void> Reconcile::move_missing(PumpFacts& facts) {
    std::uint64_t const read_by_then = facts.counts.read;
    reader_.reset();
    if (Result<void> opened = open(Pass::values, wanted_->texts()); !opened) return opened;
    target_ = ports_.begin.target;
    target_.write_mode = WEIR_WRITE_UPSERT;
    target_.spec["key"] = ports_.selection.key;
    // The row is not there; one that is marked as deleted is written again, whatever it was.
    target_.spec.erase("version");
    auto prepared = ports_.sink.prepare(ports_.write_call, target_, drift_->schema(), false);
    if (!prepared) return on(at_sink, prepared.error());
    PumpPorts pump_ports{*reader_,           *writer_,          ports_.sink, target_,
                         std::move(schema_), *drift_,           ports_.rejects, ports_.read_call,
                         ports_.write_call,  ports_.stop,       ports_.clock, ports_.turn};
    PumpRules applied = rules(Pass::values);
    applied.only_compares = false;
    // Locks are held since the sweep: nothing is committed, and no turn given, before the end.
    applied.commit_bytes_max = UINT64_MAX;
    applied.commit_ms_max = 24 * 60 * 60 * 1000;
    applied.settle = [&]() -> Result<void> {
        return facts.counts.read - read_by_then == wanted_->size() ? Result<void>{} : stop_here();
    };
    return pump(std::move(pump_ports), applied, facts);
}

/// `keys`: of the records that are wanted; null: of all.
Result<void> Reconcile::open(Pass pass, nlohmann::json const& keys) {
    ReadRequest read;
    read.stream = ports_.task.reads;
    read.mode = WEIR_READ_FULL;
    read.rows_max = ports_.request.batch_rows.value_or(ports_.limits.batch_rows_max);
    read.bytes_max = ports_.request.batch_bytes.value_or(ports_.limits.batch_bytes_max);
    read.select = {{"key", ports_.task.unique_key}};
    std::vector<std::string> const& fields =
        pass == Pass::keys ? ports_.selection.key : ports_.selection.fields;
    if (!fields.empty()) read.select["fields"] = fields;
    if (!keys.is_null()) read.select["keys"] = keys;
    // Keys have no limit: one that did not come would look as if it were gone.
    if (pass == Pass::values) read.select["row_bytes_max"] = ports_.row_bytes_max;
    reader_.reset();
    Result<ReaderProxy> reader = ports_.source.open(ports_.read_call, read);
    if (!reader) return on(at_source, reader.error());
    Result<OwnedSchema> schema = reader->schema();
    if (!schema) return on(at_source, schema.error());
    reader_.emplace(std::move(*reader));
    schema_ = std::move(*schema);
    bool const is_whole = pass == Pass::values;
    drift_.emplace(is_whole ? ports_.request.drift : DriftPolicy::add, ports_.task.stream,
                   is_whole ? ports_.known : std::vector<std::string>{}, ports_.at_target);
    if (Result<void> looked = drift_->look(*schema_); !looked)
        return on(at_source, looked.error());
    for (std::string const& sentence : drift_->take_notes()) ports_.say(sentence);
    return {};
}

/// Of a dry run: whether there are rows that could be compared.
Result<bool> Reconcile::look(StreamReport& report) {
    auto prepared = ports_.sink.prepare(ports_.write_call, target_, drift_->schema(), true);
    if (!prepared) return on(at_sink, prepared.error());
    report.actions = std::move(prepared->actions);
    if (prepared->holds_rows) return true;
    report.plan = fmt::format("reconcile by {}", fmt::join(ports_.selection.key, ", "));
    report.actions.push_back("all records are written");
    return false;
}

Result<void> Reconcile::begin() {
    BeginRequest begin = ports_.begin;
    begin.target = target_;
    begin.look = ports_.request.dry_run;
    if (Result<void> taken = ports_.turn.take(); !taken) return taken;
    std::uint64_t epoch = 0;
    std::string cursor;
    Result<WriterProxy> writer = ports_.sink.begin(ports_.read_call, begin, epoch, cursor);
    if (!writer) return on(at_sink, writer.error());
    writer_.emplace(std::move(*writer));
    auto prepared = ports_.sink.prepare(ports_.write_call, target_, drift_->schema(), false);
    if (!prepared) return on(at_sink, prepared.error());
    ports_.turn.give();
    return {};
}

PumpRules Reconcile::rules(Pass pass) const {
    PumpRules rules;
    rules.ahead_batches_max = ports_.limits.ahead_batches_max;
    rules.ahead_bytes_max = ports_.limits.ahead_bytes_max;
    rules.commit_bytes_max = ports_.limits.commit_bytes_max;
    rules.commit_ms_max = ports_.limits.commit_ms_max;
    // Whoever sets the size of a batch means how often it is looked whether this run still counts.
    if (ports_.request.batch_rows || ports_.request.batch_bytes) rules.commit_bytes_max = 0;
    rules.keeps_cursor = rules.only_compares = true;
    rules.note = [this, pass](Counts const& counts, bool final) {
        return ports_.note(counts, pass == Pass::keys ? ports_.known : drift_->columns(), final);
    };
    rules.stream = ports_.task.stream;
    rules.key = ports_.task.key;
    rules.row_bytes_max = ports_.row_bytes_max;
    return rules;
}

SweepRequest Reconcile::sweep_request(bool dry_run) const {
    SweepRequest request;
    request.dry_run = dry_run;
    request.shared = ports_.request.force;
    request.soft = ports_.request.reconcile.is_soft;
    return request;
}

/// The source is read to its end and nothing shows yet: counts, asks the guards, deletes.
Result<void> Reconcile::settle(Pass pass, PumpFacts& facts, StreamReport& report) {
    SweepRequest look = sweep_request(true);
    if (wanted_) look.missing = &wanted_->sink();
    Result<Swept> looked = writer_->sweep(ports_.write_call, look);
    if (!looked && looked.error().code == "sink.target_shared")
        return on(at_sink, looked.error().suggest("add --force if that is meant"));
    if (!looked) return on(at_sink, looked.error());
    Counts& counts = facts.counts;
    report.reconciled = {counts.read,     looked->target,  looked->missing,
                         looked->extra,   looked->drifted, pass == Pass::values};
    bool const spares = pass == Pass::values && counts.rejected > 0 && looked->extra > 0;
    if (!spares)
        if (Result<void> guarded = guard(*report.reconciled, report); !guarded) return guarded;
    bool const lacks = pass == Pass::keys && looked->missing > 0;
    fetches_ = lacks && wanted_ && wanted_->are_all(looked->missing);
    ends_here_ = ports_.request.dry_run || (lacks && !fetches_);
    if (ends_here_) return stop_here();
    if (spares) return spare(facts, *looked);
    failpoint("reconcile.before_sweep");
    // Also without one that is too much: what came since would go with the rest.
    SweepRequest sweep = sweep_request(false);
    sweep.deletes_max = looked->extra;
    Result<Swept> swept = writer_->sweep(ports_.write_call, sweep);
    if (!swept) return on(at_sink, swept.error());
    failpoint("reconcile.after_sweep");
    std::uint64_t const repaired = std::min(counts.filtered, swept->missing + swept->drifted);
    if (!fetches_) {
        counts.filtered -= repaired;
        counts.written += repaired;
    }
    counts.deleted += swept->deleted;
    return fetches_ ? stop_here() : Result<void>{};
}

/// Writes what is missing or differs, and deletes nothing.
Result<void> Reconcile::spare(PumpFacts& facts, Swept const& looked) {
    target_.write_mode = WEIR_WRITE_UPSERT;
    auto prepared = ports_.sink.prepare(ports_.write_call, target_, drift_->schema(), false);
    if (!prepared) return on(at_sink, prepared.error());
    std::uint64_t const repaired = std::min(facts.counts.filtered, looked.missing + looked.drifted);
    facts.counts.filtered -= repaired;
    facts.counts.written += repaired;
    ports_.say(kept_for_refused(facts.counts.rejected, ports_.task));
    return {};
}

Result<void> Reconcile::guard(Reconciled const& found, StreamReport& report) const {
    double const most = ports_.request.reconcile.max_delete_fraction;
    if (found.checked == 0 && found.target > 0)
        return insist(source_is_empty(found, ports_.task.target), report);
    if (static_cast<double>(found.extra) > most * static_cast<double>(found.target))
        return insist(too_many(found, ports_.task.target, most), report);
    return {};
}

/// A refusal, unless whoever asked insists; then it is told what that overruled.
Result<void> Reconcile::insist(Error refusal, StreamReport& report) const {
    if (!ports_.request.force) return refusal.suggest("add --force if that is meant");
    report.notes.push_back(fmt::format("--force overruled {}: {} of {} rows of {} were not in the "
                                       "source",
                                       refusal.code, report.reconciled->extra,
                                       report.reconciled->target, ports_.task.target));
    return {};
}

Result<void> Reconcile::tell_plan(StreamReport& report) {
    Reconciled const& found = *report.reconciled;
    report.plan = fmt::format("reconcile by {}, {} compared", fmt::join(ports_.selection.key, ", "),
                              found.compares_values ? "values" : "keys");
    auto const add = [&](std::uint64_t rows, char const* what) {
        if (rows > 0) report.actions.push_back(fmt::format("{} {}", rows, what));
    };
    add(found.extra, ports_.request.reconcile.is_soft ? "rows are marked as deleted"
                                                      : "rows are deleted");
    add(found.missing, "missing rows are written");
    add(found.drifted, "rows that differ are written");
    return {};
}

}  // namespace weir::host
