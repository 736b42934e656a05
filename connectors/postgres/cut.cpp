#include "cut.hpp"

#include <algorithm>
#include <utility>

namespace weir::postgres {
namespace {

/// How many blocks the rows of a table and its parts have, how many bytes they take with what lies
/// outside of them, and whether rows reference others of the same table: those come in the order of
/// the key, parents first, as long as they come in one.
std::string sizes_sql(Table const& table) {
    std::string const own = std::to_string(table.oid) + "::pg_catalog.oid";
    std::string const parts = table.is_alone ? ""
                                             : " UNION ALL SELECT h.inhrelid FROM part p JOIN"
                                               " pg_catalog.pg_inherits h ON h.inhparent = p.oid";
    return "WITH RECURSIVE part (oid) AS (SELECT " + own + parts +
           ") SELECT coalesce(sum(pg_catalog.pg_relation_size(oid)), 0)::bigint"
           " / pg_catalog.current_setting('block_size')::bigint,"
           " coalesce(sum(pg_catalog.pg_table_size(oid)), 0)::bigint,"
           " EXISTS (SELECT FROM pg_catalog.pg_constraint f WHERE f.contype = 'f' AND f.conrelid IN"
           " (SELECT p.oid FROM part p) AND f.confrelid IN (SELECT p.oid FROM part p)) FROM part";
}

}  // namespace

CutReader::CutReader(std::unique_ptr<TableReader> whole, Read const& read)
    : whole_{std::move(whole)}, parts_{read.cut} {
    for (std::string const& name : read.key) key_.push_back(&whole_->table().at(name));
    if (key_.empty())
        throw Error{WEIR_E_CONFIG, whole_->table().stream() + " is cut by a key, and none is named",
                    "key"};
}

Schema CutReader::schema() const {
    Schema schema;
    for (SourceField const* field : key_)
        schema.push_back({.name = field->name, .type = Type::utf8, .nullable = false});
    return schema;
}

bool CutReader::next(Call const& call, Batch& batch) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    if (std::exchange(is_told_, true)) {
        if (!position_.empty()) batch.cursor(position_);
        return false;
    }
    try {
        if (whole_->table().has_xmin()) tell(wait, batch);
    } catch (Error const& error) {
        // A table of another access method may know no samples.
        if (error.sqlstate != "0A000") throw;
    }
    if (batch.rows() > 0)
        position_ = whole_->pass_all(wait);
    else
        whole_->connection().run("ROLLBACK", wait);
    return batch.rows() > 0;
}

void CutReader::tell(Wait const& wait, Batch& batch) {
    Table const& table = whole_->table();
    Connection& connection = whole_->connection();
    Subject const subject = table.subject();
    widen_search_path(connection, key_, wait);
    Result const size = std::move(connection.run(sizes_sql(table), wait, subject)[0]);
    std::int64_t const parts = std::min(parts_, size.number(0, 1) / part_bytes_min);
    if (parts < 2 || size.flag(0, 2)) return;
    std::vector<Result> const places =
        connection.run(places_sql(size.number(0, 0), parts), wait, subject);
    for (int row = 0; row < places[0].rows(); ++row)
        for (std::size_t i = 0; i < key_.size(); ++i)
            batch.column(i).text(places[0].value(row, static_cast<int>(i)));
}

/// The last row of each part but the last, of those in the blocks that are read.
std::string CutReader::places_sql(std::int64_t blocks, std::int64_t count) const {
    std::string asked, keys, order;
    for (std::size_t i = 0; i < key_.size(); ++i) {
        std::string const column = "t." + identifier(key_[i]->name);
        std::string const name = "k" + std::to_string(i);
        asked += (i ? ", s." : "s.") + name + "::pg_catalog.text";
        keys += column + " AS " + name + ", ";
        order += (i ? ", " : "") + column;
    }
    auto const all = static_cast<double>(std::max<std::int64_t>(blocks, 1));
    double const percent = std::min(100.0, 100.0 * static_cast<double>(blocks_read) / all);
    std::string const parts = std::to_string(count);
    return "SELECT " + asked + " FROM (SELECT " + keys +
           "pg_catalog.row_number() OVER (ORDER BY " + order +
           ") AS place, pg_catalog.count(*) OVER () AS rows FROM " + whole_->table().sql() +
           " AS t TABLESAMPLE SYSTEM (" + std::to_string(percent) +
           ")) AS s WHERE s.place < s.rows AND s.place * " + parts +
           " / s.rows <> (s.place - 1) * " + parts + " / s.rows ORDER BY s.place";
}

}  // namespace weir::postgres
