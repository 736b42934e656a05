#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "support/mariadb_server.hpp"
#include "support/postgres_server.hpp"
#include "support/sqlite.hpp"

namespace weir::test {

enum class Kind { postgres, mariadb, sqlite };

/// One end: users (id, name, updated_at), whoever keeps it.
class End {
public:
    End(Kind kind, std::string const& file) : kind_{kind} {
        if (kind == Kind::postgres) {
            PostgresServer& server = PostgresServer::shared();
            std::string const database = server.fresh();
            url_ = server.url(database);
            postgres_.emplace(server.connect_as_owner(database));
        } else if (kind == Kind::mariadb) {
            MariadbServer& server = MariadbServer::shared();
            std::string const database = server.fresh();
            url_ = server.url(database);
            mariadb_.emplace(server.connect_as_owner(database));
        } else {
            url_ = "sqlite:" + file;
            file_ = file;
        }
    }
    std::string const& url() const { return url_; }
    std::string stream() const { return kind_ == Kind::postgres ? "public.users" : "users"; }
    Kind kind() const { return kind_; }
    /// The type of a time.
    std::string time_type() const {
        switch (kind_) {
            case Kind::postgres: return "timestamptz";
            case Kind::mariadb: return "timestamp(6) NULL";
            default: return "text";
        }
    }

    std::vector<Record> rows(std::string const& sql) {
        return postgres_  ? postgres_->rows(sql)
               : mariadb_ ? mariadb_->rows(sql)
                          : Sqlite{file_}.rows(sql);
    }
    void run(std::string const& sql) { rows(sql); }
    std::string one(std::string const& sql) { return rows(sql).at(0).at(0).value_or("null"); }

    void make_users(int count) {
        std::string const updated_at =
            kind_ == Kind::postgres  ? "timestamptz NOT NULL DEFAULT now()"
            : kind_ == Kind::mariadb ? "timestamp(6) NOT NULL DEFAULT now(6)"
                                     : "text NOT NULL";
        run("CREATE TABLE users (id bigint NOT NULL PRIMARY KEY, name text, updated_at " +
            updated_at + ")");
        if (count > 0) add_users(1, count);
    }
    void add_users(int from, int to) {
        std::string values;
        for (int id = from; id <= to; ++id)
            values += (values.empty() ? "(" : ", (") + std::to_string(id) + ", 'user " +
                      std::to_string(id) + "', '" + time_of(id) + "')";
        run("INSERT INTO users VALUES " + values);
    }
    static std::string time_of(int id) {
        char text[40];
        std::snprintf(text, sizeof text, "2024-01-01T%02d:%02d:%02d.000000Z", id / 3600 % 24,
                      id / 60 % 60, id % 60);
        return text;
    }
    /// All kinds print the same.
    std::vector<Record> users() {
        std::string const updated_at =
            kind_ == Kind::postgres
                ? "to_char(updated_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            : kind_ == Kind::mariadb ? "date_format(updated_at, '%Y-%m-%dT%H:%i:%s.%fZ')"
                                     : "updated_at";
        return rows("SELECT id, name, " + updated_at + " FROM users ORDER BY 1");
    }
    void delete_first(int count) {
        std::string const many = " ORDER BY id LIMIT " + std::to_string(count);
        run(kind_ == Kind::mariadb
                ? "DELETE FROM users" + many
                : "DELETE FROM users WHERE id IN (SELECT id FROM users" + many + ")");
    }

private:
    Kind kind_;
    std::string url_, file_;
    std::optional<Pg> postgres_;
    std::optional<My> mariadb_;
};

}  // namespace weir::test
