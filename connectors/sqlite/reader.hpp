#pragma once

#include <memory>

#include "large.hpp"
#include "scan.hpp"

namespace weir::sqlite {

/// Reads one table or view in one snapshot.
///
/// With a key the order is that of the key, or of (tracking, key) for a delta, and every batch can
/// be resumed after. Without a key a full read is one pass, and a delta can be resumed where the
/// tracking value changes. Holds one row and the batch in memory.
class TableReader : public Reader {
public:
    TableReader(Host host, Location const& location, Call const& call, Read const& read);

    Schema schema() const override;
    bool next(Call const& call, Batch& batch) override;
    void interrupt() noexcept override { db_.interrupt(); }

private:
    enum class Order {
        key,       ///< all rows by key; at its end the mark is the position of a delta
        tracking,  ///< the rows behind `settled`
        none       ///< all rows as they lie
    };
    struct Slot {
        Type type;
        bool is_any;
        int column;
    };

    void resume(Read const& read);
    void take_snapshot(Call const& call);
    bool wait_for_clock(Call const& call);
    bool find_mark();
    Rows newest() const;
    Rows rows() const;
    void bound(Rows& rows) const;
    void start();
    void select();

    bool step();
    bool step_in_part();
    bool step_one_by_one();
    Statement const& row() const { return fetch_ ? fetch_->row() : statement_; }
    bool go_on_by_tracking();
    bool is_held_back();
    std::size_t measure();
    void append(Batch& batch);
    void append_refused(Batch& batch);
    void append_value(Column& into, Slot const& slot);
    void note_position();
    void put_cursor(Batch& batch, bool at_end);

    Host host_;
    Database db_;
    Scan scan_;
    Order order_ = Order::none;
    Cursor cursor_;                 // as it stands after the last row handed on
    std::optional<Position> mark_;  // what a delta may settle: nothing smaller will come
    bool has_above_ = false;        // there are rows above the mark
    bool is_bounded_ = false;       // a scan by key leaves those to a second part by tracking
    std::int64_t rows_max_, limit_, done_ = 0;
    std::size_t bytes_max_, row_bytes_max_;
    bool append_;  // each version of a row is handed out once

    Statement statement_;
    Rows part_;                // that `statement_` goes over
    std::int64_t stepped_ = 0;  // of them
    std::unique_ptr<RowFetch> fetch_;  // once a row was too large
    int identity_column_ = -1;
    std::size_t row_bytes_ = 0;          // of the row that waits
    std::optional<TooLarge> too_large_;  // it is refused
    bool refuses_ = false;               // the batch is of refused rows
    std::vector<Slot> slots_;
    std::vector<int> position_columns_;
    int above_column_ = -1;
    Position last_;  // of the row handed on last
    bool has_row_ = false, at_end_ = false, is_above_ = false;
};

}  // namespace weir::sqlite
