#include "host/store/session.hpp"

#include <soci/sqlite3/soci-sqlite3.h>

namespace weir::host {

namespace {

using Backend = soci::sqlite3_statement_backend;

/// SOCI takes `key="value"` apart at spaces and quotes, and a text without `=` as the file's name.
std::string connect_string(std::filesystem::path const& file) {
    std::string const name = file.string();
    return name.find('=') == std::string::npos ? name : "db=\"" + name + "\"";
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
    : session_{session}, sql_{sql}, statement_{session.take(sql)} {}

Query::~Query() {
    auto* backend = static_cast<Backend*>(statement_->get_backend());
    // The answer of reset is the error that the last step already threw.
    sqlite_api::sqlite3_reset(backend->stmt_);
    sqlite_api::sqlite3_clear_bindings(backend->stmt_);
    backend->databaseReady_ = true;
    statement_->bind_clean_up();
    session_.keep(sql_, std::move(statement_));
}

bool Query::next() {
    if (has_begun_) return statement_->fetch();
    has_begun_ = true;
    statement_->define_and_bind();
    return statement_->execute(true);
}

std::int64_t Query::changed_rows() { return statement_->get_affected_rows(); }

}  // namespace weir::host
