#include "large.hpp"

#include <algorithm>

#include "names.hpp"

namespace weir::sqlite {

std::string TooLarge::reason() const {
    return Json{{"field", field}, {"bytes", bytes}}.dump(-1, ' ', false,
                                                         Json::error_handler_t::replace);
}

std::string rowid_name(Table const& table) {
    if (table.kind != "table" || !table.has_rowid) return {};
    for (char const* name : {"_rowid_", "rowid", "oid"})
        if (!table.column(name)) return name;
    return {};
}

bool RowFetch::can(Table const& table) {
    bool const has_primary = !table.keys.empty() && table.keys.front().is_primary;
    return !rowid_name(table).empty() || (table.kind == "table" && has_primary);
}

RowFetch::RowFetch(Database& db, Scan const& scan, std::size_t row_bytes_max)
    : db_{db}, scan_{scan}, row_bytes_max_{row_bytes_max} {
    if (std::string const rowid = rowid_name(scan.table); !rowid.empty()) {
        identity_.push_back(rowid);
        collations_.emplace_back();
    } else {
        UniqueKey const& key = scan.table.keys.front();
        for (std::size_t i = 0; i < key.columns.size(); ++i) {
            identity_.push_back(as_name(key.columns[i]));
            collations_.push_back(" COLLATE " + as_name(key.collations[i]));
        }
    }
    std::string whole, small;
    for (ReadColumn const& column : scan.columns) {
        std::string const name = "t." + as_name(column.column.name);
        whole += (whole.empty() ? "" : ", ") + name;
        small += small.empty() ? "" : ", ";
        small += is_in_key(column.column.name)
                     ? name
                     : "CASE WHEN typeof(" + name + ") IN ('text', 'blob') THEN NULL ELSE " +
                           name + " END";
    }
    std::string const from = " FROM " + scan.from() + " WHERE " + condition();
    whole_ = db.prepare("SELECT " + whole + from);
    small_ = db.prepare("SELECT " + small + from);
}

bool RowFetch::is_in_key(std::string const& column) const {
    return std::ranges::find(scan_.key, column, &TableColumn::name) != scan_.key.end();
}

std::string RowFetch::identity_list() const {
    std::string list;
    for (std::string const& name : identity_) list += (list.empty() ? "t." : ", t.") + name;
    return list;
}

std::string RowFetch::condition() const {
    std::string sql;
    for (std::size_t i = 0; i < identity_.size(); ++i)
        sql += (i ? " AND t." : "t.") + identity_[i] + collations_[i] + " = ?" +
               std::to_string(i + 1);
    return sql;
}

void RowFetch::bind(Statement& statement, Statement const& scan, int at) const {
    statement.reset();
    for (std::size_t i = 0; i < identity_.size(); ++i)
        Value::of(scan, at + static_cast<int>(i)).bind(statement, static_cast<int>(i) + 1);
}

void RowFetch::fetch(Statement& scan, int at) {
    too_large_.reset();
    bind(whole_, scan, at);
    row_ = &whole_;
    int const rc = whole_.try_step();
    if (rc == SQLITE_ROW) return;
    if ((rc & 0xFF) != SQLITE_TOOBIG)
        throw rc == SQLITE_DONE ? db_.error(SQLITE_CORRUPT) : db_.error(rc);
    whole_.reset();
    too_large_ = weigh(scan, at);
    bind(small_, scan, at);
    if (!small_.step()) throw db_.error(SQLITE_CORRUPT);
    row_ = &small_;
}

/// The largest field: by its handle, which looks at no byte of it, or, where rows have no number,
/// the first one that cannot be had.
TooLarge RowFetch::weigh(Statement const& scan, int at) {
    TooLarge found;
    std::string const rowid = rowid_name(scan_.table);
    for (ReadColumn const& column : scan_.columns) {
        std::string const& name = column.column.name;
        if (rowid.empty()) {
            Statement one = db_.prepare("SELECT t." + as_name(name) + " FROM " + scan_.from() +
                                        " WHERE " + condition());
            bind(one, scan, at);
            if ((one.try_step() & 0xFF) == SQLITE_TOOBIG) return {name, row_bytes_max_ + 1};
            continue;
        }
        sqlite3_blob* blob = nullptr;
        int const rc = sqlite3_blob_open(db_.raw(), "main", scan_.table.name.c_str(), name.c_str(),
                                         scan.integer(at), 0, &blob);
        auto const bytes =
            rc == SQLITE_OK ? static_cast<std::uint64_t>(sqlite3_blob_bytes(blob)) : 0;
        sqlite3_blob_close(blob);
        if (bytes > found.bytes) found = {name, bytes};
    }
    return found;
}

}  // namespace weir::sqlite
