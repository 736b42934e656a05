#pragma once

#include <string>
#include <vector>

#include "weir/testkit/driver.hpp"

namespace weir::testkit {

/// A stream that a test may read.
struct Sample {
    std::string stream;            ///< as a user would write it
    std::vector<std::string> key;  ///< unique and never null
    std::string tracking;          ///< the field a delta goes by
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

    /// The records of a table that the sink made, in the order of its first column; values as the
    /// system's own client prints them. Throws when there is none.
    virtual std::vector<Record> content(std::string const& /*target*/) { return {}; }
    virtual bool exists(std::string const& /*target*/) { return false; }
    virtual void drop(std::string const& /*target*/) {}
};

/// The offset of each batch and column, its null count and offsets agree with its length.
/// Answers what does not, empty when all is well.
inline std::string flaw_of(std::vector<FieldView> const& fields, ArrowArray const& batch) {
    if (batch.offset != 0 || batch.null_count > 0) return "the struct has an offset or nulls";
    if (batch.n_children != static_cast<std::int64_t>(fields.size()))
        return "fields and columns differ in number";
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
        for (std::int64_t b = 0; b < column.n_buffers; ++b)
            if (reinterpret_cast<std::uintptr_t>(column.buffers[b]) % 8 != 0)
                return at + " has a buffer that is not aligned";
    }
    return {};
}

}  // namespace weir::testkit
