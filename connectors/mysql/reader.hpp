#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/source.hpp>

#include "connection.hpp"
#include "decode.hpp"
#include "delta.hpp"
#include "session.hpp"
#include "shared_session.hpp"

namespace weir::mysql {

/// Reads one table in one snapshot, by one statement that begins with the first next(); where a cut
/// off read of a tracked stream goes on, a second one follows. Its rows are never kept: each is
/// decoded where the packet of the server has it.
///
/// A batch carries a cursor wherever the read can go on behind its last row: everywhere with a key,
/// where the tracking value changes in a delta without one, nowhere in a full read without one.
class TableReader final : public Reader {
public:
    /// Takes `connection`, on which begin_read() answered `snapshot`. Plans the read, without I/O;
    /// throws when fields, key, tracking field or cursor do not fit the table.
    TableReader(Host host, Metrics metrics, std::shared_ptr<Spare> spare,
                std::unique_ptr<Connection> connection, Snapshot snapshot, Read const& read);
    /// The same in a state that others read too: takes the session with the first next(), and gives
    /// it back at its end.
    TableReader(Host host, Metrics metrics, std::shared_ptr<SharedSession> shared,
                Snapshot snapshot, Read const& read);
    ~TableReader() override;

    Schema schema() const override;
    bool next(Call const& call, Batch& batch) override;
    void interrupt() noexcept override { interrupt_.raise(); }

private:
    TableReader(Host host, Metrics metrics, Snapshot snapshot, Read const& read);
    void choose_fields(Read const& read);
    void choose_start(Read const& read);
    void choose_delta(Read const& read, std::optional<Cursor> stored);
    void weigh(std::size_t row_bytes_max);
    void find_places();
    bool start(Wait const& wait);
    bool go_on();

    bool fetch(Wait const& wait);
    std::optional<std::string> why_refused() const;
    bool is_bad_text(std::size_t decoder) const;
    bool has_bad_place() const;
    bool breaks_here(Batch const& batch);
    void take_form(Batch& batch);
    void append(Batch& batch);
    void append_refused(Batch& batch);
    void remember_place();
    std::string_view text_at(std::size_t place);
    bool at_change();
    bool hand_over(Batch& batch, bool place);
    void move_cursor();
    std::string cursor_text() const;
    void finish(Wait const& wait, Batch& batch);
    void tell_nulls() const;
    std::size_t row_bytes() const { return waiting_bytes_ + fixed_bytes_; }

    Host host_;
    Metrics metrics_;
    // One of the two, and null the other.
    std::shared_ptr<Spare> spare_;
    std::shared_ptr<SharedSession> shared_;
    Interrupt interrupt_;
    std::unique_ptr<Connection> connection_;
    Snapshot snapshot_;
    Subject subject_;
    Query query_;
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
    std::vector<RawValue> values_;
    std::size_t waiting_bytes_ = 0;
    bool waiting_ = false;
    std::optional<std::string> reason_;  ///< why it is refused
    bool refuses_ = false;               ///< the batch is of one such row
    std::vector<Decoder> decoders_;    ///< of the first values_; others only make a place
    std::vector<std::size_t> narrow_;  ///< decoders whose type may not hold a value
    std::vector<std::size_t> texts_;   ///< decoders whose values have to be UTF-8
    std::vector<Place> places_;
    std::string place_text_;
    std::size_t fixed_bytes_ = 0;

    // What was appended.
    Position last_;  ///< place of the last row that may become one
    std::string last_tracking_;  ///< of the last row of all
    bool has_place_ = false;
    bool last_is_null_ = false;  ///< its tracking value
    std::int64_t rows_ = 0;       ///< of all scans
    std::int64_t scan_rows_ = 0;  ///< of this one
    std::size_t batch_bytes_ = 0;
    bool started_ = false, ended_ = false;
    bool cut_ = false;  ///< rows of the statement are left
};

}  // namespace weir::mysql
