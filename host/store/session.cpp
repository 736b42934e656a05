#include "host/store/session.hpp"

#include <fmt/format.h>
#include <soci/sqlite3/soci-sqlite3.h>

namespace weir::host {

namespace {

using Backend = soci::sqlite3_statement_backend;

/// SOCI takes `key="value"` apart at spaces and quotes, and a text without `=` as the file's name.
std::string connect_string(std::filesystem::path const& file) {
    std::string const name = file.string();
    return name.find('=') == std::string::npos ? name : "db=\"" + name + "\"";
}

sqlite_api::sqlite3_stmt* api(sqlite3_stmt* statement) {
    return reinterpret_cast<sqlite_api::sqlite3_stmt*>(statement);
}

}  // namespace

Session::Session(std::filesystem::path const& file, Mode mode, Topics const& topics)
    : topics_{topics}, soci_{soci::sqlite3, connect_string(file)} {
    auto* backend = static_cast<soci::sqlite3_session_backend*>(soci_.get_backend());
    handle_ = reinterpret_cast<sqlite3*>(backend->conn_);
    sqlite_api::sqlite3_busy_timeout(backend->conn_, 5'000);
    script(
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        "PRAGMA journal_size_limit=67108864; PRAGMA wal_autocheckpoint=4000;"
        "PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF");
    if (mode == Mode::reads) script("PRAGMA query_only=ON");
}

Session::~Session() { kept_.clear(); }

void Session::script(std::string const& sql) {
    auto* backend = static_cast<soci::sqlite3_session_backend*>(soci_.get_backend());
    int const rc = sqlite_api::sqlite3_exec(backend->conn_, sql.c_str(), nullptr, nullptr, nullptr);
    if (rc != SQLITE_OK)
        throw soci::sqlite3_soci_error{sqlite_api::sqlite3_errmsg(backend->conn_), rc};
}

bool Session::is_in_transaction() const {
    auto* db = reinterpret_cast<sqlite_api::sqlite3*>(handle_);
    return sqlite_api::sqlite3_get_autocommit(db) == 0;
}

std::int64_t Session::total_changes() const {
    return sqlite_api::sqlite3_total_changes64(reinterpret_cast<sqlite_api::sqlite3*>(handle_));
}

std::int64_t Session::last_inserted() const {
    return sqlite_api::sqlite3_last_insert_rowid(reinterpret_cast<sqlite_api::sqlite3*>(handle_));
}

std::unique_ptr<soci::statement> Session::take(std::string_view sql) {
    // Taken out, not shared: a statement that is at work further up keeps its place.
    if (auto const found = kept_.find(sql); found != kept_.end())
        if (found->second) return std::move(found->second);
    auto made = std::make_unique<soci::statement>(soci_);
    made->alloc();
    made->prepare(std::string{sql});
    return made;
}

void Session::keep(std::string_view sql, std::unique_ptr<soci::statement> statement) {
    if (kept_.size() >= statements_max) kept_.clear();
    auto const found = kept_.find(sql);
    if (found == kept_.end())
        kept_.emplace(std::string{sql}, std::move(statement));
    else
        found->second = std::move(statement);
}

Query::Query(Session& session, std::string_view sql)
    : session_{session}, sql_{sql}, statement_{session.take(sql)} {
    auto* backend = static_cast<Backend*>(statement_->get_backend());
    handle_ = reinterpret_cast<sqlite3_stmt*>(backend->stmt_);
}

Query::~Query() {
    // The answer of reset is the error that the last step already threw.
    sqlite_api::sqlite3_reset(api(handle_));
    if (bound_ > 0) sqlite_api::sqlite3_clear_bindings(api(handle_));
    session_.keep(sql_, std::move(statement_));
}

bool Query::next() {
    int const code = sqlite_api::sqlite3_step(api(handle_));
    if (code == SQLITE_DONE) return false;
    check(code);
    int column = 0;
    for (Column const& each : columns_) each.fill(*this, column++, each.to);
    return true;
}

std::int64_t Query::changed_rows() const {
    return sqlite_api::sqlite3_changes64(sqlite_api::sqlite3_db_handle(api(handle_)));
}

void Query::bind(std::string_view text) {
    check(sqlite_api::sqlite3_bind_text64(api(handle_), ++bound_, text.data() ? text.data() : "",
                                          text.size(), nullptr, SQLITE_UTF8));
}

void Query::bind(std::int64_t number) {
    check(sqlite_api::sqlite3_bind_int64(api(handle_), ++bound_, number));
}

void Query::bind(double number) {
    check(sqlite_api::sqlite3_bind_double(api(handle_), ++bound_, number));
}

void Query::read(int column, std::string& text) {
    check_not_null(column);
    auto const* const data = sqlite_api::sqlite3_column_text(api(handle_), column);
    int const bytes = sqlite_api::sqlite3_column_bytes(api(handle_), column);
    text.assign(reinterpret_cast<char const*>(data), static_cast<std::size_t>(bytes));
}

void Query::read(int column, double& number) {
    check_not_null(column);
    number = sqlite_api::sqlite3_column_double(api(handle_), column);
}

std::int64_t Query::integer(int column) {
    check_not_null(column);
    return sqlite_api::sqlite3_column_int64(api(handle_), column);
}

void Query::check(int code) {
    if (code == SQLITE_OK || code == SQLITE_ROW) return;
    auto* const db = sqlite_api::sqlite3_db_handle(api(handle_));
    throw soci::sqlite3_soci_error{sqlite_api::sqlite3_errmsg(db), code};
}

void Query::check_not_null(int column) {
    if (sqlite_api::sqlite3_column_type(api(handle_), column) != SQLITE_NULL) return;
    throw soci::soci_error{fmt::format("column {} is null in: {}", column + 1, sql_)};
}

}  // namespace weir::host
