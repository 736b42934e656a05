#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/source.hpp>

#include "connection.hpp"
#include "decode.hpp"
#include "delta.hpp"
#include "own_reads.hpp"
#include "too_large.hpp"

namespace weir::postgres {

/// Reads one table in one snapshot, by one COPY that begins with the first next(); where a cut off
/// read of a tracked stream goes on, a second one follows.
///
/// A batch carries a cursor wherever the read can go on behind its last row: everywhere with a key,
/// where the tracking value changes in a delta without one, nowhere in a full read without one.
class TableReader final : public Reader {
public:
    /// What the reads of one instance have in common.
    struct Shared {
        std::shared_ptr<Spare> spare = std::make_shared<Spare>();
        std::shared_ptr<OwnReads> own = std::make_shared<OwnReads>();
    };
    /// Takes `connection`, on which begin_read() answered `snapshot`. Plans the read, without I/O;
    /// throws when fields, key, tracking field or cursor do not fit the table. Holds `exported`, if
    /// others may take its snapshot, as long as it lives.
    TableReader(Host host, Metrics metrics, Shared const& shared,
                std::unique_ptr<Connection> connection, Snapshot snapshot,
                std::shared_ptr<std::string const> exported, Read const& read);
    ~TableReader() override;

    Schema schema() const override;
    bool next(Call const& call, Batch& batch) override;
    void interrupt() noexcept override { interrupt_.raise(); }

    Table const& table() const { return snapshot_.table; }
    /// In the transaction of the read.
    Connection& connection() { return *connection_; }
    /// In place of next(): the position of a delta behind all records, which reads that begin later
    /// bring. Waits for those who may still leave some before it. Empty: no delta. Ends the
    /// transaction.
    std::string pass_all(Wait const& wait);

private:
    void choose_fields(Read const& read);
    void choose_start(Read const& read);
    void choose_delta(Read const& read, std::optional<Cursor> stored);
    void find_places();
    bool begin(Wait const& wait);
    bool start(Wait const& wait);
    bool go_on();

    bool fetch(Wait const& wait);
    std::optional<TooLarge> measure();
    bool breaks_here(Batch const& batch);
    void take_form(Batch& batch);
    void append(Batch& batch);
    void append_refused(Batch& batch);
    void remember_place();
    std::string_view place_text(std::size_t index);
    bool at_change();
    bool hand_over(Batch& batch, bool place);
    void move_cursor();
    std::string cursor_text() const;
    void finish(Wait const& wait, Batch& batch);
    std::size_t row_bytes() const { return line_.size + fixed_bytes_; }

    Host host_;
    Metrics metrics_;
    std::shared_ptr<Spare> spare_;
    OwnReads::Entry own_;
    Interrupt interrupt_;
    std::unique_ptr<Connection> connection_;
    Snapshot snapshot_;
    std::shared_ptr<std::string const> exported_;
    Subject subject_;
    Query query_;
    SourceField const* tracking_ = nullptr;  ///< that of the query, or the stand-in for xmin
    Horizon horizon_;
    std::int64_t rows_max_;
    std::size_t bytes_max_;

    // How the read goes on after a kill.
    Cursor cursor_;               ///< of a read without tracking, as the next batch carries it
    std::optional<Delta> delta_;  ///< of one with it
    bool keyed_ = false;
    bool resumable_ = false;  ///< batches carry cursors
    bool ties_ = false;       ///< only where the tracking value changes

    // The row that waits to be appended.
    Connection::Line line_;
    std::vector<RawValue> values_;
    std::optional<TooLarge> too_large_;  ///< it is refused
    bool waiting_ = false;
    bool refuses_ = false;  ///< the batch is of refused rows
    bool native_ = false;  ///< values come in their binary form
    bool head_read_ = false;
    std::vector<Decoder> decoders_;           ///< of the first values_; others only make a place
    std::vector<std::size_t> narrow_;         ///< decoders whose type may not hold a value
    std::vector<std::size_t> place_columns_;  ///< of values_, as the query is ordered
    std::vector<Form> place_forms_;
    std::string place_text_;
    std::size_t fixed_bytes_ = 0;

    // What was appended.
    Position last_;  ///< place of the last row that may become one
    bool has_place_ = false;
    bool last_is_null_ = false;  ///< its tracking value
    std::int64_t rows_ = 0;       ///< of all scans
    std::int64_t scan_rows_ = 0;  ///< of this one
    std::size_t batch_bytes_ = 0;
    bool started_ = false, ended_ = false;
    bool committed_ = false;  ///< by the statement of the COPY
};

}  // namespace weir::postgres
