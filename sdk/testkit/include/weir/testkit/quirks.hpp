#pragma once

#include <set>
#include <string>
#include <vector>
#include <weir/cpp/utf8.hpp>

#include "weir/testkit/driver.hpp"

namespace weir::testkit {

/// A stream that a test may read.
struct Sample {
    std::string stream;            ///< as a user would write it
    std::vector<std::string> key;  ///< unique and never null
    std::string tracking;          ///< the field a delta goes by
};

/// A stream whose records are known.
struct Known {
    Sample sample;
    std::vector<Record> records;  ///< in the order of the key
};

/// What the suite must be told about a connector; one object per test, which may start a server or
/// make a file. A source answers the first group, a sink the second.
class Quirks {
public:
    virtual ~Quirks() = default;

    virtual std::string library() = 0;              ///< path of the .so
    virtual std::string component() { return {}; }  ///< empty: the only one
    /// A system of this test's own; asked after make().
    virtual Json config() = 0;
    /// What must never stand in an error or a log line: passwords of config().
    virtual std::vector<std::string> secrets() { return {}; }
    /// Configurations that fail to connect, or to be used, each for another reason.
    virtual std::vector<Json> broken_configs() { return {}; }

    /// Makes a stream of `rows` records with at least two fields. Groups of `ties` records have the
    /// same tracking value, where the system can do that.
    virtual Sample make(std::int64_t /*rows*/, std::int64_t /*ties*/) { return {}; }
    /// Makes a stream with null, the smallest and greatest value, and those that are likely to go
    /// wrong, of every type that the system has. Without records it is not looked at.
    virtual Known make_extremes() { return {}; }

    /// The records of a table that the sink made, in the order of its first column; values as the
    /// system's own client prints them. Throws when there is none.
    virtual std::vector<Record> content(std::string const& /*target*/) { return {}; }
    virtual bool exists(std::string const& /*target*/) { return false; }
    virtual void drop(std::string const& /*target*/) {}
};

/// What is wrong with the names of the fields of a schema, empty when all is well.
inline std::string flaw_of(std::vector<FieldView> const& fields) {
    std::set<std::string> names;
    for (FieldView const& field : fields) {
        if (field.name.empty()) return "a field has no name";
        if (!is_utf8(field.name)) return "the name of a field is no UTF-8";
        if (!names.insert(field.name).second) return "two fields are named " + field.name;
    }
    return {};
}

/// The first text of `column` that is no UTF-8, empty when all is well.
inline std::string text_flaw_of(ColumnView const& column, std::int64_t rows) {
    FieldView const& field = column.field();
    bool const is_text = field.layout == Layout::text || field.layout == Layout::large_text;
    if (!is_text || field.meaning == Meaning::binary) return {};
    for (std::int64_t row = 0; row < rows; ++row)
        if (!column.is_null(row) && !is_utf8(column.bytes(row)))
            return " has text that is no UTF-8, in hex " + hex(column.bytes(row));
    return {};
}

/// Of a batch whose shape is right: the length and null count of each column are those of its
/// values, and text is UTF-8. Answers what does not agree, empty when all is well.
inline std::string flaw_of(std::vector<FieldView> const& fields, ArrowArray const& batch) {
    for (std::size_t i = 0; i < fields.size(); ++i) {
        ArrowArray const& column = *batch.children[i];
        std::string const at = "column " + fields[i].name;
        if (column.length != batch.length) return at + " has another length";
        ColumnView const view{fields[i], column};
        std::int64_t nulls = 0;
        for (std::int64_t row = 0; row < column.length; ++row) nulls += view.is_null(row);
        if (column.null_count >= 0 && nulls != column.null_count)
            return at + " says another number of nulls";
        if (nulls > 0 && !fields[i].nullable) return at + " has nulls and says it has none";
        if (std::string const flaw = text_flaw_of(view, column.length); !flaw.empty())
            return at + flaw;
    }
    return {};
}

}  // namespace weir::testkit
