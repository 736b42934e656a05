#include "support/my.hpp"

#include <mysql.h>

#include <stdexcept>
#include <utility>

namespace weir::test {

My::My(Where const& where) : connection_{mysql_init(nullptr)} {
    unsigned const protocol = MYSQL_PROTOCOL_SOCKET;
    mysql_options(connection_, MYSQL_OPT_PROTOCOL, &protocol);
    mysql_options(connection_, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    if (!mysql_real_connect(connection_, "localhost", where.user.c_str(), where.password.c_str(),
                            where.database.empty() ? nullptr : where.database.c_str(), 0,
                            where.socket.c_str(), CLIENT_MULTI_STATEMENTS)) {
        std::string const why = mysql_error(connection_);
        mysql_close(connection_);
        throw std::runtime_error{why};
    }
    run("SET time_zone = '+00:00', sql_mode = ''");
}

My::My(My&& other) noexcept : connection_{std::exchange(other.connection_, nullptr)} {}

My::~My() {
    if (connection_) mysql_close(connection_);
}

std::vector<Record> My::rows(std::string const& sql) {
    auto const fail = [&] {
        throw std::runtime_error{std::string{mysql_error(connection_)} +
                                 " in: " + sql.substr(0, 400)};
    };
    if (mysql_real_query(connection_, sql.data(), sql.size()) != 0) fail();
    std::vector<Record> rows;
    for (int more = 0; more == 0; more = mysql_next_result(connection_)) {
        rows.clear();
        MYSQL_RES* const result = mysql_store_result(connection_);
        if (!result && mysql_errno(connection_) != 0) fail();
        while (MYSQL_ROW const row = result ? mysql_fetch_row(result) : nullptr) {
            unsigned long const* const sizes = mysql_fetch_lengths(result);
            Record& record = rows.emplace_back();
            for (unsigned i = 0; i < mysql_num_fields(result); ++i)
                record.push_back(row[i] ? Cell{std::string{row[i], sizes[i]}} : Cell{});
        }
        mysql_free_result(result);
    }
    if (mysql_errno(connection_) != 0) fail();
    return rows;
}

std::string My::one(std::string const& sql) {
    std::vector<Record> const found = rows(sql);
    if (found.empty() || found[0].empty()) throw std::runtime_error{"no row: " + sql};
    return found[0][0].value_or("");
}

}  // namespace weir::test
