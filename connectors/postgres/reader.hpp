#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/source.hpp>

#include "connection.hpp"
#include "decode.hpp"
#include "query.hpp"
#include "session.hpp"
#include "spare.hpp"

namespace weir::postgres {

/// The counters of the connector; 0 where the host keeps none.
struct Metrics {
    std::uint64_t bytes = 0, future_rows = 0;
};

/// Reads one table in one snapshot, by one COPY that begins with the first next().
///
/// A batch carries a cursor wherever the read can go on behind its last row: everywhere with a key,
/// where the tracking value changes in a delta without one, nowhere in a full read without one.
class TableReader final : public Reader {
public:
    /// Takes `connection`, on which begin_read() answered `snapshot`. Plans the read, without I/O;
    /// throws when fields, key, tracking field or cursor do not fit the table.
    TableReader(Host host, Metrics metrics, std::shared_ptr<Spare> spare,
                std::unique_ptr<Connection> connection, Snapshot snapshot, Read const& read);
    ~TableReader() override;

    Schema schema() const override;
    bool next(Call const& call, Batch& batch) override;
    void interrupt() noexcept override { interrupt_.raise(); }

private:
    void choose_fields(Read const& read);
    void choose_start(Read const& read);
    void resume_scan(Cursor const& stored);
    void hold_back();
    void find_places();
    void start(Wait const& wait);
    bool go_on_by_tracking();
    void probe(Wait const& wait);

    bool fetch(Wait const& wait);
    bool breaks_here(Batch const& batch);
    void take_form(Batch& batch);
    void append(Batch& batch);
    void remember_place();
    std::string_view place_text(std::size_t index);
    bool at_change();
    bool hand_over(Batch& batch, bool place);
    void move_cursor();
    void finish(Wait const& wait, Batch& batch);
    std::string held_back_sql() const;
    void commit(Wait const& wait);
    std::size_t row_bytes() const { return line_.size + fixed_bytes_; }

    Host host_;
    Metrics metrics_;
    std::shared_ptr<Spare> spare_;
    Interrupt interrupt_;
    std::unique_ptr<Connection> connection_;
    Snapshot snapshot_;
    Subject subject_;
    Query query_;
    Horizon horizon_;
    std::int64_t rows_max_;
    std::size_t bytes_max_;

    // How the read goes on after a kill.
    Cursor cursor_;                 ///< as the next batch carries it
    std::optional<Position> mark_;  ///< of a first run: what the delta after it starts behind
    bool keyed_ = false;
    bool append_ = false;     ///< each version of a row is handed out once
    bool resumable_ = false;  ///< batches carry cursors
    bool ties_ = false;       ///< only where the tracking value changes
    bool first_run_ = false;  ///< all rows are read
    bool probed_ = false;     ///< the mark is known
    bool resumed_ = false;    ///< a tracked scan by key that goes on
    bool saw_rows_ = false;   ///< in this read, or in the one that it goes on

    // The row that waits to be appended.
    Connection::Line line_;
    std::vector<RawValue> values_;
    bool waiting_ = false;
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
    std::int64_t rows_ = 0, future_rows_ = 0;
    std::size_t batch_bytes_ = 0;
    bool started_ = false, ended_ = false;
    bool committed_ = false;  ///< by the statement of the COPY
};

}  // namespace weir::postgres
