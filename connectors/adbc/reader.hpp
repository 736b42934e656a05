#pragma once

#include <memory>
#include <weir/cpp/source.hpp>

#include "catalog.hpp"
#include "position.hpp"

namespace weir::adbc {

/// Reads one table or view by one statement: by (tracking, key), by key, or as the rows lie.
///
/// After each batch that ends at a settled row it can be resumed. A row is settled when none can
/// come any more that sorts before it: times younger than a second, and today's date, are not.
class TableReader : public Reader {
public:
    TableReader(Host host, Settings const& settings, Call const& call, Read const& read);

    Schema schema() const override { return schema_; }
    bool next(Call const& call, Batch& batch) override;
    void interrupt() noexcept override { connection_->interrupt(); }

private:
    void choose(Dialect const& dialect, Table const& table, Read const& read);
    void order_by(Dialect const& dialect, TableColumn const& column);
    void make_sql(Table const& table, Read const& read);
    bool more(Call const& call);
    void append(Batch& batch);
    void note_position();
    bool is_settled(Value const& tracking) const;

    Host host_;
    std::unique_ptr<Connection> connection_;
    Schema schema_;
    std::vector<std::string> selected_;             // expressions, in order
    std::vector<std::string> ordered_, casts_;      // expressions; how a parameter is written
    std::vector<Type> types_;                       // of the order
    std::string of_, sql_;
    std::vector<Value> parameters_;
    bool is_tracked_ = false, is_keyed_ = false;
    Type tracking_type_ = Type::utf8;
    std::int64_t rows_max_;
    std::size_t bytes_max_;
    std::int64_t left_;  // until the limit of the read
    std::int64_t horizon_us_ = INT64_MAX;  // times from here on are not settled

    std::unique_ptr<Result> result_;
    std::vector<ColumnView> columns_;
    std::int64_t row_ = 0, rows_ = 0;
    bool is_started_ = false, is_unsettled_ = false;
    std::optional<Position> last_;     // of the last row that the cursor may pass
    std::optional<Position> current_;  // without a key: the group at hand, passed when it ends
};

}  // namespace weir::adbc
