#pragma once

#include <string>
#include <vector>

#include "support/pg.hpp"

namespace weir::test {

/// DuckDB's library, which is its ADBC driver as well, as .ci/drivers brought it.
inline std::string duckdb_library() { return WEIR_DUCKDB; }

/// A connection to a DuckDB file through its own C API, for tests to prepare and to look; makes the
/// file. Only one process, and in it only one library, may have the file open.
class DuckDb {
public:
    explicit DuckDb(std::string const& path);
    DuckDb(DuckDb const&) = delete;
    DuckDb& operator=(DuckDb const&) = delete;
    ~DuckDb();

    /// One or more statements. Throws what it said.
    void run(std::string const& sql);
    /// The rows of a SELECT, values as DuckDB prints them.
    std::vector<Record> rows(std::string const& sql);
    std::string one(std::string const& sql);

private:
    void* database_ = nullptr;
    void* connection_ = nullptr;
};

}  // namespace weir::test
