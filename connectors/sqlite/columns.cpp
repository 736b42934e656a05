#include "columns.hpp"

#include <cmath>
#include <limits>

#include "names.hpp"
#include "printing.hpp"
#include "storage.hpp"

namespace weir::sqlite {
namespace {

constexpr std::int32_t scale_max = 1'000;
constexpr std::size_t shown_max = 60;

void put_text(sqlite3_context* out, std::string_view text) {
    char const* const from = text.data() ? text.data() : "";
    sqlite3_result_text64(out, from, text.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void put_real(sqlite3_context* out, double value) {
    if (std::isfinite(value)) [[likely]]
        sqlite3_result_double(out, value);
    else if (std::isnan(value))
        put_text(out, "NaN");
    else
        put_text(out, value > 0 ? "Infinity" : "-Infinity");
}

/// What a literal of `any_type` means.
void put_literal(sqlite3_context* out, std::string_view text) {
    std::string value;
    if (text.size() >= 2 && text.front() == '\'') {
        for (std::size_t i = 1; i + 1 < text.size(); ++i) {
            value += text[i];
            if (text[i] == '\'') ++i;
        }
        sqlite3_result_text64(out, value.data(), value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
    } else if (text.size() >= 3 && text.front() == 'x' &&
               unhex(text.substr(2, text.size() - 3), value)) {
        sqlite3_result_blob64(out, value.data(), value.size(), SQLITE_TRANSIENT);
    } else {
        std::int64_t whole = 0;
        char const* const end = text.data() + text.size();
        if (auto const [at, wrong] = std::from_chars(text.data(), end, whole);
            wrong == std::errc{} && at == end)
            sqlite3_result_int64(out, whole);
        else if (text == "9e999" || text == "-9e999")  // "Infinity" is a word of other systems
            sqlite3_result_double(out, text.front() == '-' ? -HUGE_VAL : HUGE_VAL);
        else
            put_real(out, std::strtod(std::string{text}.c_str(), nullptr));
    }
}

}  // namespace

/// One function per kind of value; the first argument takes it.
struct BatchTable::Puts {
    static void boolean(sqlite3_context* out, Column const& column, std::int64_t row) {
        sqlite3_result_int(out, column.view.boolean(row));
    }
    static void integer(sqlite3_context* out, Column const& column, std::int64_t row) {
        sqlite3_result_int64(out, column.view.integer(row));
    }
    static void number(sqlite3_context* out, Column const& column, std::int64_t row) {
        std::uint64_t const value = column.view.unsigned_integer(row);
        if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
            sqlite3_result_int64(out, static_cast<std::int64_t>(value));
            return;
        }
        char* const end =
            std::to_chars(column.room.get(), column.room.get() + printed_max, value).ptr;
        printed(out, column, end);
    }
    static void real(sqlite3_context* out, Column const& column, std::int64_t row) {
        put_real(out, column.view.float64(row));
    }
    static void text(sqlite3_context* out, Column const& column, std::int64_t row) {
        put_text(out, column.view.bytes(row));
    }
    static void blob(sqlite3_context* out, Column const& column, std::int64_t row) {
        std::string_view const bytes = column.view.bytes(row);
        // No address would mean NULL, not "no bytes".
        if (bytes.empty())
            sqlite3_result_zeroblob(out, 0);
        else
            sqlite3_result_blob64(out, bytes.data(), bytes.size(), SQLITE_STATIC);
    }
    static void any(sqlite3_context* out, Column const& column, std::int64_t row) {
        put_literal(out, column.view.bytes(row));
    }
    static void date(sqlite3_context* out, Column const& column, std::int64_t row) {
        printed(out, column,
                print_date(column.room.get(), column.view.integer(row), units(column)));
    }
    static void time(sqlite3_context* out, Column const& column, std::int64_t row) {
        printed(out, column,
                print_time(column.room.get(), column.view.integer(row), units(column)));
    }
    template <bool is_instant>
    static void timestamp(sqlite3_context* out, Column const& column, std::int64_t row) {
        printed(out, column,
                print_timestamp(column.room.get(), column.view.integer(row), units(column),
                                is_instant));
    }
    static void uuid(sqlite3_context* out, Column const& column, std::int64_t row) {
        printed(out, column, print_uuid(column.room.get(), column.view.bytes(row)));
    }
    static void decimal(sqlite3_context* out, Column const& column, std::int64_t row) {
        printed(
            out, column,
            print_decimal(column.room.get(), column.view.bytes(row), column.view.field().scale));
    }

    static auto for_field(FieldView const& field) {
        switch (storage_of(field)) {
            case Storage::any: return any;
            case Storage::number: return number;
            case Storage::real: return real;
            case Storage::blob: return blob;
            case Storage::text: return field.layout == Layout::decimal ? decimal : text;
            case Storage::integer: return field.layout == Layout::boolean ? boolean : integer;
            case Storage::free_text: break;
        }
        switch (field.meaning) {
            case Meaning::date: return date;
            case Meaning::time: return time;
            case Meaning::timestamp: return timestamp<false>;
            case Meaning::instant: return timestamp<true>;
            default: return uuid;
        }
    }

private:
    static std::int64_t units(Column const& column) { return column.view.field().units; }
    // The room keeps its text until this column is asked for its next row, and by then SQLite has
    // made a record of this one: no copy is needed.
    static void printed(sqlite3_context* out, Column const& column, char const* end) {
        char const* const from = column.room.get();
        sqlite3_result_text(out, from, static_cast<int>(end - from), SQLITE_STATIC);
    }
};

/// The callbacks of an eponymous virtual table.
struct BatchTable::Module {
    struct Table : sqlite3_vtab {
        BatchTable* batch;
    };
    struct Cursor : sqlite3_vtab_cursor {
        BatchTable* batch;
        std::int64_t row;
    };

    static int connect(sqlite3* db, void* batch, int, char const* const*, sqlite3_vtab** out,
                       char**) {
        auto* const table = new (std::nothrow) Table{};
        if (!table) return SQLITE_NOMEM;
        table->batch = static_cast<BatchTable*>(batch);
        *out = table;
        std::string sql = "CREATE TABLE x(";
        for (std::size_t i = 0; i < table->batch->fields_.size(); ++i)
            sql += (i ? ",c" : "c") + std::to_string(i);
        return sqlite3_declare_vtab(db, (sql + ")").c_str());
    }
    static int disconnect(sqlite3_vtab* table) {
        delete static_cast<Table*>(table);
        return SQLITE_OK;
    }
    static int best_index(sqlite3_vtab*, sqlite3_index_info* info) {
        info->estimatedCost = 1;
        return SQLITE_OK;
    }
    static int open(sqlite3_vtab* table, sqlite3_vtab_cursor** out) {
        auto* const cursor = new (std::nothrow) Cursor{};
        if (!cursor) return SQLITE_NOMEM;
        cursor->batch = static_cast<Table*>(table)->batch;
        *out = cursor;
        return SQLITE_OK;
    }
    static int close(sqlite3_vtab_cursor* cursor) {
        delete static_cast<Cursor*>(cursor);
        return SQLITE_OK;
    }
    static void skip(Cursor& cursor) {
        BatchTable& batch = *cursor.batch;
        while (cursor.row < batch.end_ && batch.is_left_out(cursor.row)) ++cursor.row;
        batch.at_ = cursor.row;
    }
    static int filter(sqlite3_vtab_cursor* cursor, int, char const*, int, sqlite3_value**) {
        auto& at = *static_cast<Cursor*>(cursor);
        at.row = at.batch->begin_;
        skip(at);
        return SQLITE_OK;
    }
    static int next(sqlite3_vtab_cursor* cursor) {
        auto& at = *static_cast<Cursor*>(cursor);
        ++at.row;
        skip(at);
        return SQLITE_OK;
    }
    static int eof(sqlite3_vtab_cursor* cursor) {
        auto const& at = *static_cast<Cursor*>(cursor);
        return at.row >= at.batch->end_;
    }
    static int column(sqlite3_vtab_cursor* cursor, sqlite3_context* out, int index) {
        auto const& at = *static_cast<Cursor*>(cursor);
        Column const& column = at.batch->columns_[static_cast<std::size_t>(index)];
        if (!column.view.is_null(at.row)) column.put(out, column, at.row);
        return SQLITE_OK;
    }
    static int rowid(sqlite3_vtab_cursor* cursor, sqlite3_int64* out) {
        *out = static_cast<Cursor*>(cursor)->row;
        return SQLITE_OK;
    }
    static sqlite3_module const* table() {
        static sqlite3_module const module = [] {
            sqlite3_module out{};
            out.xConnect = connect;
            out.xDisconnect = disconnect;
            out.xBestIndex = best_index;
            out.xOpen = open;
            out.xClose = close;
            out.xFilter = filter;
            out.xNext = next;
            out.xEof = eof;
            out.xColumn = column;
            out.xRowid = rowid;
            return out;
        }();
        return &module;
    }
};

BatchTable::BatchTable(Database& db, std::vector<FieldView> fields, int number)
    : db_{db}, name_{"_weir_batch_" + std::to_string(number)}, fields_{std::move(fields)} {
    columns_.resize(fields_.size());
    for (std::size_t i = 0; i < fields_.size(); ++i) {
        std::int32_t const scale = std::abs(fields_[i].scale);
        if (scale > scale_max)
            throw Error{WEIR_E_SCHEMA,
                        "field \"" + fields_[i].name + "\" is a decimal with " +
                            std::to_string(scale) + " digits behind the point; " +
                            std::to_string(scale_max) + " are the most",
                        fields_[i].name}
                .coded("sqlite.decimal_scale")
                .suggest("leave it out with --fields");
        columns_[i].put = Puts::for_field(fields_[i]);
        columns_[i].room.reset(new char[printed_max + static_cast<std::size_t>(scale)]);
    }
    int const rc =
        sqlite3_create_module_v2(db.raw(), name_.c_str(), Module::table(), this, nullptr);
    if (rc != SQLITE_OK) throw db.error(rc);
}

BatchTable::~BatchTable() {
    sqlite3_create_module_v2(db_.raw(), name_.c_str(), nullptr, nullptr, nullptr);
}

void BatchTable::show(ArrowArray const& batch) {
    for (std::size_t i = 0; i < fields_.size(); ++i)
        columns_[i].view = ColumnView{fields_[i], *batch.children[i]};
    length_ = batch.length;
    left_out_.clear();
    narrow(0, length_);
}

void BatchTable::narrow(std::int64_t begin, std::int64_t end) {
    begin_ = at_ = begin;
    end_ = end;
}

void BatchTable::leave_out(std::int64_t row) {
    if (left_out_.empty()) left_out_.resize(static_cast<std::size_t>(length_));
    left_out_[static_cast<std::size_t>(row)] = true;
}

std::string BatchTable::shown(std::size_t field, std::int64_t row) const {
    if (is_null(field, row)) return "NULL";
    Statement statement{db_, "SELECT substr(CAST(c" + std::to_string(field) + " AS TEXT), 1, " +
                                 std::to_string(shown_max) + ") FROM " + as_name(name_) +
                                 " WHERE rowid = " + std::to_string(row)};
    return statement.step() ? statement.text(0) : std::string{};
}

}  // namespace weir::sqlite
