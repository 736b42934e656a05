#pragma once

#include <memory>
#include <string>
#include <vector>
#include <weir/cpp/view.hpp>

#include "database.hpp"

namespace weir::sqlite {

/// A batch as a table that SQL can select from, so that one statement writes all its rows.
///
/// Its columns are `c0`, `c1`, … in the order of the fields. SQLite takes every value straight out
/// of the Arrow buffers; only times, uuids and decimals are printed, into room that each column
/// owns. Belongs to one connection and must go before it, after every statement that names it.
class BatchTable {
public:
    /// `number` makes the name unique within the connection. Throws E_SCHEMA for a decimal whose
    /// scale nobody can print.
    BatchTable(Database& db, std::vector<FieldView> fields, int number);
    ~BatchTable();
    BatchTable(BatchTable const&) = delete;
    BatchTable& operator=(BatchTable const&) = delete;

    std::string const& name() const { return name_; }
    std::vector<FieldView> const& fields() const { return fields_; }

    /// Shows all rows of `batch`, which is borrowed until the next call.
    void show(ArrowArray const& batch);
    /// Shows only the rows of [begin, end), those that are left out excepted.
    void narrow(std::int64_t begin, std::int64_t end);
    void leave_out(std::int64_t row);

    std::int64_t rows() const { return length_; }
    std::int64_t begin() const { return begin_; }
    std::int64_t end() const { return end_; }
    bool is_left_out(std::int64_t row) const {
        return !left_out_.empty() && left_out_[static_cast<std::size_t>(row)];
    }
    bool is_null(std::size_t field, std::int64_t row) const {
        return columns_[field].view.is_null(row);
    }
    ColumnView const& view(std::size_t field) const { return columns_[field].view; }
    /// The row that the statement at work read last: after a failure, most likely the culprit.
    std::int64_t at() const { return at_; }
    /// The value as a person would read it, shortened.
    std::string shown(std::size_t field, std::int64_t row) const;

private:
    struct Column {
        ColumnView view;
        void (*put)(sqlite3_context*, Column const&, std::int64_t row) = nullptr;
        std::unique_ptr<char[]> room;
    };
    struct Puts;
    struct Module;

    Database& db_;
    std::string name_;
    std::vector<FieldView> fields_;
    std::vector<Column> columns_;
    std::vector<bool> left_out_;
    std::int64_t length_ = 0, begin_ = 0, end_ = 0, at_ = 0;
};

}  // namespace weir::sqlite
