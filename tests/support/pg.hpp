#pragma once

#include <optional>
#include <string>
#include <vector>

struct pg_conn;

namespace weir::test {

/// A value as the database prints it; nothing: null.
using Cell = std::optional<std::string>;
using Record = std::vector<Cell>;

/// A connection to PostgreSQL for tests to prepare and to look.
class Pg {
public:
    /// `connection` as libpq takes it: a URL or key=value words.
    explicit Pg(std::string const& connection);
    Pg(Pg&& other) noexcept;
    Pg& operator=(Pg&&) = delete;
    ~Pg();

    /// Runs one or more statements; the rows of the last. Throws what the server said.
    std::vector<Record> rows(std::string const& sql);
    void run(std::string const& sql) { rows(sql); }
    /// The first value of the first row.
    std::string one(std::string const& sql);

private:
    pg_conn* connection_;
};

/// `text` as an SQL literal.
std::string quoted(std::string const& text);

}  // namespace weir::test
