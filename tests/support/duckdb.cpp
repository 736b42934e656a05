#include "support/duckdb.hpp"

#include <dlfcn.h>

#include <cstdint>
#include <cstdlib>
#include <stdexcept>

namespace weir::test {
namespace {

template <class Function>
Function* function(char const* name) {
    static void* const library = dlopen(WEIR_DUCKDB, RTLD_NOW | RTLD_LOCAL);
    if (!library)
        throw std::runtime_error{"DuckDB's library is missing: run .ci/install tests"};
    if (void* const found = dlsym(library, name)) return reinterpret_cast<Function*>(found);
    throw std::runtime_error{std::string{"libduckdb.so has no "} + name};
}

/// What a statement answered.
class Answer {
public:
    Answer(void* connection, std::string const& sql) {
        if (function<int(void*, char const*, Result*)>("duckdb_query")(connection, sql.c_str(),
                                                                       &result_) == 0)
            return;
        std::string const why = function<char const*(Result*)>("duckdb_result_error")(&result_);
        destroy();
        throw std::runtime_error{why + " in " + sql};
    }
    Answer(Answer const&) = delete;
    Answer& operator=(Answer const&) = delete;
    ~Answer() { destroy(); }

    std::uint64_t rows() { return function<std::uint64_t(Result*)>("duckdb_row_count")(&result_); }
    std::uint64_t columns() {
        return function<std::uint64_t(Result*)>("duckdb_column_count")(&result_);
    }
    Cell text(std::uint64_t row, std::uint64_t column) {
        char* const text = function<char*(Result*, std::uint64_t, std::uint64_t)>(
            "duckdb_value_varchar")(&result_, column, row);
        Cell out = text ? Cell{text} : std::nullopt;
        function<void(void*)>("duckdb_free")(text);
        return out;
    }

private:
    /// duckdb_result of its C API.
    struct Result {
        std::uint64_t columns, rows, changed;
        void* unused;
        char* error;
        void* internal;
    };
    void destroy() { function<void(Result*)>("duckdb_destroy_result")(&result_); }

    Result result_{};
};

}  // namespace

DuckDb::DuckDb(std::string const& path) {
    void* config = nullptr;
    function<int(void**)>("duckdb_create_config")(&config);
    // As connectors/adbc has it: its threads may outlive what they look at.
    function<int(void*, char const*, char const*)>("duckdb_set_config")(config, "threads", "1");
    int const failed = function<int(char const*, void**, void*, char**)>("duckdb_open_ext")(
        path.c_str(), &database_, config, nullptr);
    function<void(void**)>("duckdb_destroy_config")(&config);
    if (failed != 0)
        throw std::runtime_error{"DuckDB does not open " + path};
    if (function<int(void*, void**)>("duckdb_connect")(database_, &connection_) != 0)
        throw std::runtime_error{"DuckDB does not connect to " + path};
}

DuckDb::~DuckDb() {
    function<void(void**)>("duckdb_disconnect")(&connection_);
    function<void(void**)>("duckdb_close")(&database_);
}

void DuckDb::run(std::string const& sql) { Answer const done{connection_, sql}; }

std::vector<Record> DuckDb::rows(std::string const& sql) {
    // As text already there: the library hands out some types, uuid say, in no such way.
    Answer answer{connection_, "SELECT COLUMNS(*)::varchar FROM (" + sql + ")"};
    std::vector<Record> out(answer.rows());
    for (std::uint64_t row = 0; row < out.size(); ++row)
        for (std::uint64_t column = 0; column < answer.columns(); ++column)
            out[row].push_back(answer.text(row, column));
    return out;
}

std::string DuckDb::one(std::string const& sql) {
    return rows(sql).at(0).at(0).value_or("null");
}

}  // namespace weir::test
