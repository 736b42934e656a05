#pragma once

#include <soci/soci.h>

#include <boost/container/small_vector.hpp>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "host/store/topics.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace weir::host {

/// One connection to the database, with its statements kept prepared. One thread at a time.
///
/// Everything throws soci::soci_error; the store's two doors, write() and read(), catch it.
class Session {
public:
    enum class Mode { reads, writes };

    Session(std::filesystem::path const& file, Mode mode, Topics const& topics);
    Session(Session const&) = delete;
    Session& operator=(Session const&) = delete;
    ~Session();

    /// Runs one statement with `values` for ?1, ?2, …; answers how many rows it changed.
    template <class... Values>
    std::int64_t run(std::string_view sql, Values const&... values);
    /// The first row, or nothing. No column may be null.
    template <class... Columns, class... Values>
    std::optional<std::tuple<Columns...>> row(std::string_view sql, Values const&... values);
    /// The first value of the first row, or nothing.
    template <class Column, class... Values>
    std::optional<Column> value(std::string_view sql, Values const&... values);
    /// Several statements at once, not kept: for the schema and PRAGMAs.
    void script(std::string const& sql);

    /// Whether a transaction is open: SQLite ends it by itself after some errors.
    bool is_in_transaction() const;
    /// The number of the row that was inserted last.
    std::int64_t last_inserted() const;
    /// Rows changed since the connection was made.
    std::int64_t total_changes() const;
    sqlite3* handle() const { return handle_; }
    Topics const& topics() const { return topics_; }

    /// Set by publish_in(), taken by the writing thread after the commit: that there is an event,
    /// and who has one to take.
    bool has_published = false;
    std::set<std::string> published_to;

private:
    friend class Query;
    std::unique_ptr<soci::statement> take(std::string_view sql);
    void keep(std::string_view sql, std::unique_ptr<soci::statement> statement);

    /// Statements with lists of values in their text come in many lengths.
    static constexpr std::size_t statements_max = 200;

    Topics const& topics_;
    soci::session soci_;
    sqlite3* handle_ = nullptr;
    std::map<std::string, std::unique_ptr<soci::statement>, std::less<>> kept_;
};

/// One use of a kept statement: with(), into(), next() until it answers false. What is bound must
/// outlive it. At its end the statement holds no lock and goes back to the session.
///
/// Values cross by SQLite's own calls: SOCI's exchange makes two objects on the heap for each,
/// which was a third of what a short statement costs.
class Query {
public:
    Query(Session& session, std::string_view sql);
    Query(Query const&) = delete;
    Query& operator=(Query const&) = delete;
    ~Query();

    template <class... Values>
    Query& with(Values const&... values) {
        (bind(values), ...);
        return *this;
    }
    template <class... Columns>
    Query& into(Columns&... columns) {
        (columns_.push_back(Column{&columns, &fill<Columns>}), ...);
        return *this;
    }
    /// Moves to the next row; false: there is none.
    bool next();
    std::int64_t changed_rows() const;

private:
    struct Column {
        void* to;
        void (*fill)(Query&, int column, void* to);
    };
    template <class To>
    static void fill(Query& query, int column, void* to) {
        query.read(column, *static_cast<To*>(to));
    }

    void bind(std::string_view text);
    void bind(std::int64_t number);
    void bind(double number);
    void bind(std::integral auto number) { bind(static_cast<std::int64_t>(number)); }
    void read(int column, std::string& text);
    void read(int column, double& number);
    void read(int column, std::integral auto& number) {
        number = static_cast<std::remove_reference_t<decltype(number)>>(integer(column));
    }
    std::int64_t integer(int column);
    void check(int code);
    void check_not_null(int column);

    Session& session_;
    std::string_view sql_;
    std::unique_ptr<soci::statement> statement_;
    sqlite3_stmt* handle_;
    boost::container::small_vector<Column, 20> columns_;
    int bound_ = 0;
};

template <class... Values>
std::int64_t Session::run(std::string_view sql, Values const&... values) {
    Query query{*this, sql};
    query.with(values...).next();
    return query.changed_rows();
}

template <class... Columns, class... Values>
std::optional<std::tuple<Columns...>> Session::row(std::string_view sql, Values const&... values) {
    std::tuple<Columns...> columns;
    Query query{*this, sql};
    query.with(values...);
    std::apply([&](Columns&... each) { query.into(each...); }, columns);
    if (!query.next()) return std::nullopt;
    return columns;
}

template <class Column, class... Values>
std::optional<Column> Session::value(std::string_view sql, Values const&... values) {
    auto found = row<Column>(sql, values...);
    if (!found) return std::nullopt;
    return std::get<0>(std::move(*found));
}

}  // namespace weir::host
