#pragma once

#include <string>
#include <vector>
#include <weir/cpp/source.hpp>

#include "position.hpp"
#include "probe.hpp"

namespace weir::sqlite {

/// What one read asks for, checked against the table. A value.
struct Scan {
    Table table;
    std::vector<ReadColumn> columns;    ///< that are handed on, in their order
    std::vector<TableColumn> tracking;  ///< none or one
    std::vector<TableColumn> key;
    std::vector<std::vector<std::string>> keys;  ///< of the rows that are wanted; empty: all
    std::string fingerprint;  ///< of table, tracking field, key and selection

    /// E_NOT_FOUND with the name of a stream or field that does not exist.
    static Scan of(Database& db, Read const& read);

    bool has_tracking() const { return !tracking.empty(); }
    bool has_key() const { return !key.empty(); }
    std::size_t position_size() const { return tracking.size() + key.size(); }

    /// `(t.u, t.k)`, and the same as an order; the collation stands where it is not BINARY.
    std::string position_list(bool with_tracking) const;
    std::string order_list(bool with_tracking, char const* direction) const;
    std::string from() const;
    /// The condition of the rows that are wanted by their keys.
    std::string among_sql() const;
};

/// Which rows of a scan, and in which order: SQL with its parameters. A value.
struct Rows {
    std::string where;  ///< without the word; empty: all
    std::string order;  ///< without the words; empty: as they lie
    std::vector<Value> values;
    std::int64_t limit = INT64_MAX;

    /// Behind FROM. `ordered`: with ORDER BY.
    std::string sql(Scan const& scan, bool ordered) const;
    void bind(Statement& statement) const;
    /// `position > (…)`, or `<=`, over these values.
    void add(Scan const& scan, char const* comparison, bool with_tracking,
             Position const& position);
    void add(std::string const& condition);
};

}  // namespace weir::sqlite
