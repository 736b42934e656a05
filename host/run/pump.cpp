#include "host/run/pump.hpp"

#include <algorithm>
#include <chrono>
#include <future>
#include <limits>
#include <optional>

#include "host/core/caught.hpp"
#include "host/core/failpoint.hpp"
#include "host/run/hand_over.hpp"
#include "host/run/position.hpp"
#include "host/run/refused.hpp"
#include "host/run/same_fields.hpp"
#include "host/run/side.hpp"

namespace weir::host {

namespace {

constexpr std::chrono::milliseconds reader_poll{20};

/// A batch on its way, and the schema when it begins with this one.
struct Item {
    NextBatch batch;
    OwnedSchema schema;
};
using Reading = HandOver<Result<Item>>;

/// Adds the time until its end to `sum_ns`.
class Measured {
public:
    Measured(Clock const& clock, std::int64_t& sum_ns)
        : clock_{clock}, sum_ns_{sum_ns}, began_ns_{clock.monotonic_ns()} {}
    Measured(Measured const&) = delete;
    Measured& operator=(Measured const&) = delete;
    ~Measured() { sum_ns_ += clock_.monotonic_ns() - began_ns_; }

private:
    Clock const& clock_;
    std::int64_t& sum_ns_;
    std::int64_t const began_ns_;
};

Result<Item> read_one(PumpPorts& ports) {
    std::optional<NextBatch> first = std::exchange(ports.first, std::nullopt);
    Result<NextBatch> next = first ? Result<NextBatch>{std::move(*first)}
                                   : ports.reader.next(ports.read_call);
    if (!next) return next.error();
    Item item{std::move(*next), {}};
    if (item.batch.schema_changed) {
        Result<OwnedSchema> schema = ports.reader.schema();
        if (!schema) return schema.error();
        item.schema = std::move(*schema);
    }
    return item;
}

/// Reads one batch ahead; false: there is no more to read, or nobody wants it. Adds to `read_ns`
/// how long the source was at work.
bool read_next(PumpPorts& ports, Reading& reading, std::int64_t& read_ns) {
    if (!reading.wait_room()) return false;
    if (ports.stop.reading) {
        reading.close();
        return false;
    }
    Result<Item> item = caught([&] {
        Measured const measured{ports.clock, read_ns};
        return read_one(ports);
    });
    bool const is_last = !item || item->batch.is_end;
    std::uint64_t const bytes = item ? item->batch.bytes : 0;
    reading.give(std::move(item), bytes);
    if (is_last) reading.close();
    return !is_last;
}

/// Keeps the staged rows that a final commit refuses.
struct Refusing {
    explicit Refusing(DeadLetters* letters)
        : sink{[this, letters](ArrowSchema const& schema, ArrowArray const& row, Error const& why) {
                   // Staged rows have lost their place; counted from the far end they clash with
                   // none.
                   std::uint64_t const place = std::numeric_limits<std::uint64_t>::max() - rows++;
                   return is_kept(letters->add(schema, row, 0, place, why));
               },
               [this, letters] { return is_kept(letters->sync()); }} {}
    Refusing(Refusing const&) = delete;
    Refusing& operator=(Refusing const&) = delete;

    bool is_kept(Result<void> const& kept) {
        if (!kept) limit = kept.error();
        return kept.has_value();
    }

    RefusalSink sink;
    std::uint64_t rows = 0;
    Error limit;  ///< why no more can be kept
};

/// The writing half: the state of the open transaction.
class Writing {
public:
    Writing(PumpPorts& ports, PumpRules const& rules, PumpFacts& facts)
        : ports_{ports}, rules_{rules}, facts_{facts}, since_ns_{ports.clock.monotonic_ns()} {}

    Result<void> take(Item& item) {
        if (item.batch.is_end) return finish(item.batch);
        if (item.schema)
            if (Result<void> adopted = adopt(std::move(item.schema)); !adopted) return adopted;
        Result<void> written = refused_ ? refuse(item.batch) : write(item.batch);
        if (!written) return written;
        if (item.batch.cursor) cursor_ = std::move(*item.batch.cursor), has_cursor_ = true;
        Result<void> done = is_due() ? commit(false) : Result<void>{};
        if (facts_.told) facts_.told();
        return done;
    }

    /// How long the open transaction may wait for another batch; nothing: none could be ended.
    std::optional<std::chrono::milliseconds> patience() const {
        if (!has_cursor_) return std::nullopt;
        std::int64_t const open_ms = (ports_.clock.monotonic_ns() - since_ns_) / 1'000'000;
        return std::chrono::milliseconds{std::max<std::int64_t>(rules_.commit_ms_max - open_ms, 0)};
    }
    /// Commits what a cursor covers; the rest is read again.
    Result<void> drain() { return has_cursor_ ? commit(false) : Result<void>{}; }
    bool is_finished() const { return finished_; }

private:
    Result<void> adopt(OwnedSchema schema) {
        refused_.reset();
        if (holds_refused(*schema)) {
            refused_ = std::move(schema);
            return {};
        }
        if (has_same_fields(*ports_.schema, *schema)) return {};
        // Preparing may need the sink's write lock, which the open transaction holds.
        if (Result<void> drained = drain(); !drained) return drained;
        if (Result<void> taken = take_turn(); !taken) return taken;
        Measured const measured{ports_.clock, facts_.timing.write_ns};
        ports_.schema = std::move(schema);
        if (Result<void> looked = ports_.drift.look(*ports_.schema); !looked)
            return on(at_source, looked.error());
        for (std::string const& note : ports_.drift.take_notes()) facts_.say(note);
        auto prepared = ports_.sink.prepare(ports_.read_call, ports_.target,
                                            ports_.drift.schema(), false);
        if (!prepared) return on(at_sink, prepared.error());
        return {};
    }

    /// Records that the source refuses.
    Result<void> refuse(NextBatch const& batch) {
        ArrowSchema const schema = without_reason(*refused_);
        ArrowArray const records = without_reason(*batch.array);
        for (std::int64_t row = 0; row < batch.rows; ++row) {
            Error const why = why_refused(*refused_, *batch.array, row, rules_.stream, rules_.key,
                                          rules_.row_bytes_max);
            if (why.status != WEIR_E_DATA || !ports_.rejects) return on(at_source, why);
            std::uint64_t const ordinal = facts_.counts.read;
            if (auto kept = ports_.rejects->add(schema, records, row, ordinal, why); !kept)
                return kept;
            facts_.counts.read += 1;  // I2
            facts_.counts.rejected += 1;
        }
        facts_.counts.batches += 1;
        facts_.counts.bytes += batch.bytes;
        return {};
    }

    Result<void> write(NextBatch const& batch) {
        if (Result<void> taken = take_turn(); !taken) return taken;
        Measured const measured{ports_.clock, facts_.timing.write_ns};
        std::uint64_t refused = 0;
        Error limit;
        RejectSink const reject = [&](std::int64_t row, Error const& why) {
            Result<void> kept =
                ports_.rejects->add(*ports_.schema, *batch.array, row,
                                    facts_.counts.read + static_cast<std::uint64_t>(row), why);
            if (!kept) limit = kept.error();
            ++refused;
            return kept.has_value();
        };
        Result<void> written =
            ports_.writer.write(ports_.write_call, ports_.drift.schema(),
                                ports_.drift.of(*batch.array), ports_.rejects ? &reject : nullptr);
        if (!limit.message.empty()) return limit;
        if (!written) return on(at_sink, written.error());
        auto const rows = static_cast<std::uint64_t>(batch.rows);
        Counts& counts = facts_.counts;
        counts.read += rows;  // I2: read = written + filtered + rejected
        (rules_.only_compares ? counts.filtered : counts.written) += rows - refused;
        counts.rejected += refused;
        counts.batches += 1;
        counts.bytes += batch.bytes;
        return {};
    }

    Result<void> take_turn() {
        Measured const measured{ports_.clock, facts_.timing.wait_ns};
        return ports_.turn.take();
    }

    bool is_due() const {
        if (!has_cursor_) return false;
        std::uint64_t const bytes = facts_.counts.bytes - facts_.committed.bytes;
        return bytes >= rules_.commit_bytes_max ||
               ports_.clock.monotonic_ns() - since_ns_ >= rules_.commit_ms_max * 1'000'000;
    }

    Result<void> finish(NextBatch& end) {
        if (rules_.refuse_empty && facts_.counts.read == 0) return would_empty();
        cursor_ = end.cursor ? std::move(*end.cursor) : std::string{};
        finished_ = true;
        if (rules_.settle)
            if (Result<void> settled = settle(); !settled) return settled;
        bool const is_idle = facts_.counts.batches == 0 && cursor_ == facts_.cursor;
        return is_idle && rules_.skips_idle ? Result<void>{} : commit(true);
    }

    Result<void> settle() {
        if (Result<void> taken = take_turn(); !taken) return taken;
        Measured const measured{ports_.clock, facts_.timing.write_ns};
        return rules_.settle();
    }

    // I1: the sink makes rows, cursor and epoch durable in one transaction.
    Result<void> commit(bool final) {
        if (ports_.rejects)  // letters first: a crash in between repeats one, and loses none
            if (Result<void> kept = ports_.rejects->sync(); !kept) return kept;
        if (Result<void> taken = take_turn(); !taken) return taken;
        Measured const measured{ports_.clock, facts_.timing.write_ns};
        failpoint("pump.before_commit");
        std::string const note = rules_.note ? rules_.note(facts_.counts, final) : std::string{};
        CommitRequest request;
        request.cursor = cursor_;
        request.rows = facts_.counts.written - facts_.committed.written;
        request.final = final;
        request.keeps_cursor = rules_.keeps_cursor;
        Refusing refusing{ports_.rejects};
        if (final && ports_.rejects) request.refusals = &refusing.sink;
        request.spec = note;
        Result<std::uint64_t> deleted = ports_.writer.commit(ports_.write_call, request);
        if (!refusing.limit.message.empty()) return refusing.limit;
        if (!deleted) {
            facts_.uncertain = {cursor_, facts_.counts};
            return on(at_sink, deleted.error());
        }
        ports_.turn.give();
        failpoint("pump.after_commit");
        if (refusing.rows > facts_.counts.written)
            return Error{WEIR_E_INTERNAL, "plugin.rejects",
                         "the sink refused more rows than it was given: this is a bug in it"};
        facts_.counts.written -= refusing.rows;
        facts_.counts.rejected += refusing.rows;
        facts_.counts.deleted += *deleted;
        facts_.committed = facts_.counts;
        facts_.cursor = cursor_;
        has_cursor_ = false;
        since_ns_ = ports_.clock.monotonic_ns();
        return {};
    }

    PumpPorts& ports_;
    PumpRules const& rules_;
    PumpFacts& facts_;
    std::int64_t since_ns_;
    OwnedSchema refused_;  // of batches of records that the source refuses; empty: of others
    std::string cursor_;
    bool has_cursor_ = false, finished_ = false;
};

Result<void> write_all(Reading& reading, Writing& writing) {
    for (;;) {
        // A source that pauses must not keep the sink locked, nor rows from those who read there.
        if (auto const patience = writing.patience(); patience && !reading.wait_item(*patience)) {
            if (Result<void> drained = writing.drain(); !drained) return drained;
            continue;
        }
        std::optional<Result<Item>> item = reading.take();
        if (!item) return {};
        if (!*item) return on(at_source, item->error());
        if (Result<void> taken = writing.take(**item); !taken) return taken;
    }
}

}  // namespace

Result<void> pump(PumpPorts ports, PumpRules const& rules, PumpFacts& facts) {
    Reading reading{rules.ahead_batches_max, rules.ahead_bytes_max};
    Writing writing{ports, rules, facts};
    std::int64_t read_ns = 0;  // of one thread at a time
    auto const read_one_more = [&] { return read_next(ports, reading, read_ns); };
    std::future<void> reader;
    // Until the first batch is there nothing can be written, and often there is no other.
    if (read_one_more())
        reader = std::async(std::launch::async, [&] {
            while (read_one_more()) {
            }
        });
    Result<void> result = caught([&] { return write_all(reading, writing); });
    reading.close();
    // When the sink failed nobody needs the read under way. One interrupt may come just before the
    // call blocks, so it is repeated until the reader is gone.
    while (reader.valid() && reader.wait_for(reader_poll) != std::future_status::ready)
        if (!result) ports.reader.interrupt();
    if (reader.valid()) reader.get();
    facts.timing.read_ns += read_ns;
    bool const is_stopped = ports.stop.reading && !writing.is_finished();
    if (is_stopped && (result || result.error().status == WEIR_E_CANCELLED)) {
        if (Result<void> drained = writing.drain(); !drained) return drained;
        return Error{WEIR_E_CANCELLED, "copy.interrupted", "interrupted"};
    }
    return result;
}

}  // namespace weir::host
