#include "support/pg.hpp"

#include <libpq-fe.h>

#include <memory>
#include <stdexcept>
#include <utility>

namespace weir::test {

Pg::Pg(std::string const& connection) : connection_{PQconnectdb(connection.c_str())} {
    if (PQstatus(connection_) != CONNECTION_OK) {
        std::string const why = PQerrorMessage(connection_);
        PQfinish(connection_);
        throw std::runtime_error{why};
    }
    PQsetNoticeProcessor(
        connection_, [](void*, char const*) {}, nullptr);
}

Pg::Pg(Pg&& other) noexcept : connection_{std::exchange(other.connection_, nullptr)} {}

Pg::~Pg() { PQfinish(connection_); }

std::vector<Record> Pg::rows(std::string const& sql) {
    std::unique_ptr<PGresult, decltype(&PQclear)> const result{PQexec(connection_, sql.c_str()),
                                                               PQclear};
    ExecStatusType const status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && status != PGRES_EMPTY_QUERY)
        throw std::runtime_error{std::string{PQerrorMessage(connection_)} +
                                 "in: " + sql.substr(0, 400)};
    std::vector<Record> rows;
    for (int row = 0; row < PQntuples(result.get()); ++row) {
        Record& record = rows.emplace_back();
        for (int column = 0; column < PQnfields(result.get()); ++column)
            record.push_back(PQgetisnull(result.get(), row, column)
                                 ? Cell{}
                                 : Cell{PQgetvalue(result.get(), row, column)});
    }
    return rows;
}

std::string Pg::one(std::string const& sql) {
    std::vector<Record> const found = rows(sql);
    if (found.empty() || found[0].empty()) throw std::runtime_error{"no row: " + sql};
    return found[0][0].value_or("");
}

std::string quoted(std::string const& text) {
    std::string out = "'";
    for (char const c : text) {
        out += c;
        if (c == '\'') out += c;
    }
    return out + "'";
}

}  // namespace weir::test
