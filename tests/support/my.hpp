#pragma once

#include <string>
#include <vector>

#include "support/pg.hpp"

struct st_mysql;

namespace weir::test {

/// A connection to MariaDB for tests to prepare and to look. UTC, utf8mb4, no sql_mode: zero dates
/// can be written.
class My {
public:
    struct Where {
        std::string socket, user, password, database;
    };
    explicit My(Where const& where);
    My(My&& other) noexcept;
    My& operator=(My&&) = delete;
    ~My();

    /// Runs one or more statements; the rows of the last, as the server prints them. Throws what
    /// it said.
    std::vector<Record> rows(std::string const& sql);
    void run(std::string const& sql) { rows(sql); }
    /// The first value of the first row.
    std::string one(std::string const& sql);

private:
    st_mysql* connection_;
};

}  // namespace weir::test
