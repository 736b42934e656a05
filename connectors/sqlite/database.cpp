#include "database.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <thread>

namespace weir::sqlite {
namespace {

constexpr std::int64_t busy_ms_max = 10'000;
constexpr std::int64_t busy_step_ms = 5;
constexpr int progress_operations = 50'000;  // a few milliseconds of SQLite's machine

// Room for a transaction of 4 MiB of batches: with half of it, SQLite spills pages of the open
// transaction into the log, reads them back and writes them twice.
constexpr int cache_kib = 10 * 1024;
constexpr int read_cache_kib = 4 * 1024;
constexpr int stage_cache_kib = 8 * 1024;
// The log is copied into the database whenever it has this many pages, 8 MB: half the fsyncs of
// SQLite's own 1,000. A thread of its own for it was measured, and costs more than it saves.
constexpr int checkpoint_pages = 2'000;

bool exists(std::string const& path) {
    struct stat found;
    return ::stat(path.c_str(), &found) == 0;
}

/// A path as a shell takes it.
std::string shell_word(std::string const& path) {
    if (path.find_first_of(" \t\n\"'\\$`&|;<>()*?[]{}#!~") == std::string::npos) return path;
    std::string word{"'"};
    for (char const c : path) word += c == '\'' ? "'\\''" : std::string(1, c);
    return word + "'";
}

bool is_full(int error_number) {
    return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
}

int last_error_of(sqlite3_file* file) {
    int number = 0;
    if (file && file->pMethods)
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return number;
}

/// Whether the database or its log could not grow. By now other calls may have changed errno, but
/// each open file remembers its own.
bool ran_out_of_space(sqlite3* db) {
    if (!db) return false;
    if (is_full(sqlite3_system_errno(db))) return true;
    for (int const which : {SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER}) {
        sqlite3_file* file = nullptr;
        if (sqlite3_file_control(db, "main", which, &file) == SQLITE_OK &&
            is_full(last_error_of(file)))
            return true;
    }
    return false;
}

}  // namespace

Database::Database(Location const& location, Access access, Call const& call)
    : location_{location}, access_{access} {
    Watch watch{*this, call};
    check_place();
    try {
        open();
        settle();
    } catch (...) {
        sqlite3_close_v2(db_);
        throw;
    }
}

Database::~Database() { sqlite3_close_v2(db_); }

void Database::check_place() const {
    std::string const& shown = location_.shown;
    struct stat found;
    if (::stat(location_.file.c_str(), &found) == 0) {
        if (S_ISDIR(found.st_mode))
            throw Error{WEIR_E_CONFIG, shown + " is a directory, not a database file"}.coded(
                "sqlite.is_a_directory");
        return;
    }
    if (access_ == Access::read) {
        if (errno == EACCES)
            throw Error{WEIR_E_IO, "the directory of " + shown + " may not be entered"}
                .coded("sqlite.not_readable")
                .for_good();
        std::string const folder = std::filesystem::path{location_.file}.parent_path().string();
        if (!exists(folder))
            throw Error{WEIR_E_IO, "there is no database " + shown + ", nor the directory " +
                                       folder + "; check the path"}
                .coded("sqlite.no_directory")
                .for_good();
        throw Error{WEIR_E_IO, "there is no database " + shown + "; check the path"}
            .coded("sqlite.no_database")
            .for_good();
    }
    std::string const directory = std::filesystem::path{location_.file}.parent_path().string();
    if (!exists(directory))
        throw Error{WEIR_E_IO, "the directory " + directory + " of " + shown +
                                   " does not exist; make it first"}
            .coded("sqlite.no_directory")
            .suggest("mkdir -p " + shell_word(directory))
            .for_good();
}

void Database::open() {
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE | SQLITE_OPEN_READWRITE;
    if (access_ != Access::read) flags |= SQLITE_OPEN_CREATE;
    // A read-only connection to a database in WAL mode leaves two files behind that it may not
    // remove. Where there is no log yet, one that could write and does not leaves nothing.
    if (access_ == Access::read && exists(location_.file + "-wal"))
        flags ^= SQLITE_OPEN_READWRITE | SQLITE_OPEN_READONLY;
    int const rc = sqlite3_open_v2(location_.file.c_str(), &db_, flags, nullptr);
    if (rc != SQLITE_OK) throw error(rc);
    sqlite3_busy_handler(db_, on_busy, this);
    sqlite3_progress_handler(db_, progress_operations, on_progress, this);
}

void Database::settle() {
    auto number = [](int value) { return std::to_string(value); };
    if (access_ == Access::read) {
        exec("PRAGMA query_only=ON; PRAGMA cache_size=-" + number(read_cache_kib));
        return;
    }
    if (access_ == Access::stage) {
        exec(
            "PRAGMA journal_mode=TRUNCATE; PRAGMA synchronous=OFF; PRAGMA secure_delete=OFF; "
            "PRAGMA cache_size=-" +
            number(stage_cache_kib));
        return;
    }
    exec("PRAGMA cache_size=-" + number(cache_kib));
    enter_wal();
    exec("PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY");
    sqlite3_wal_autocheckpoint(db_, checkpoint_pages);
}

void Database::enter_wal() {
    // SQLite does not call the busy handler on every path of this switch.
    for (;;) {
        Statement statement = prepare("PRAGMA journal_mode=WAL");
        int const rc = statement.try_step();
        if (rc == SQLITE_ROW || rc == SQLITE_DONE) return;
        if ((rc & 0xFF) != SQLITE_BUSY || !on_busy(this, 0)) throw error(rc);
    }
}

bool Database::is_unwanted() const {
    return interrupted_ || (call_ && (call_->cancelled() || call_->remaining_ms() <= 0));
}

int Database::on_busy(void* self, int) {
    auto& db = *static_cast<Database*>(self);
    if (db.is_unwanted() || db.waited_ms_ >= busy_ms_max) return 0;
    std::this_thread::sleep_for(std::chrono::milliseconds{busy_step_ms});
    db.waited_ms_ += busy_step_ms;
    return 1;
}

int Database::on_progress(void* self) { return static_cast<Database*>(self)->is_unwanted(); }

void Database::interrupt() noexcept {
    interrupted_ = true;
    sqlite3_interrupt(db_);
}

void Database::exec(std::string const& sql) {
    int const rc = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
    if (rc != SQLITE_OK) throw error(rc);
}

Statement Database::prepare(std::string_view sql) { return Statement{*this, sql}; }

std::optional<std::int64_t> Database::number(std::string_view sql) {
    Statement statement{*this, sql};
    if (!statement.step() || statement.is_null(0)) return std::nullopt;
    return statement.integer(0);
}

Error Database::error(int rc) const {
    int const extended = db_ ? sqlite3_extended_errcode(db_) : rc;
    int const code = (extended & 0xFF) == (rc & 0xFF) ? extended : rc;
    std::string const said = db_ && code == extended ? sqlite3_errmsg(db_) : sqlite3_errstr(rc);
    std::string const& shown = location_.shown;
    auto make = [code](weir_status status, std::string sentence, char const* name) {
        Error out = Error{status, std::move(sentence)}.coded(name);
        out.native_code = code;
        return out;
    };
    auto disk_full = [&] {
        return make(WEIR_E_IO, "no space is left to write " + shown + "; make room and run again",
                    "sqlite.disk_full")
            .for_good();
    };
    switch (code & 0xFF) {
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            if (interrupted_ || (call_ && call_->cancelled()))
                return make(WEIR_E_CANCELLED, "cancelled", "sqlite.cancelled");
            return make(
                WEIR_E_BUSY,
                "another program holds the write lock on " + shown + "; run again when it is done",
                "sqlite.locked");
        case SQLITE_INTERRUPT:
            if (!interrupted_ && call_ && !call_->cancelled() && call_->remaining_ms() <= 0)
                return make(WEIR_E_TIMEOUT,
                            "the time for the call ran out while " + shown + " was at work",
                            "sqlite.timeout");
            return make(WEIR_E_CANCELLED, "cancelled", "sqlite.cancelled");
        case SQLITE_FULL: return disk_full();
        case SQLITE_IOERR:
            if (ran_out_of_space(db_)) return disk_full();
            return make(WEIR_E_IO, "reading or writing " + shown + " failed: " + said, "sqlite.io")
                .suggest("check the disk, and what else writes the file or the log beside it");
        case SQLITE_READONLY:
        case SQLITE_CANTOPEN:
        case SQLITE_PERM:
            if (ran_out_of_space(db_)) return disk_full();
            if (access_ == Access::read && (code & 0xFF) == SQLITE_READONLY)
                return make(WEIR_E_IO,
                            shown + " may not be read: its log must be kept beside it, and nothing "
                                    "may be written there",
                            "sqlite.not_readable")
                    .suggest("chmod u+w " +
                             shell_word(
                                 std::filesystem::path{location_.file}.parent_path().string()))
                    .for_good();
            if (access_ == Access::read)
                return make(WEIR_E_IO, shown + " may not be read: " + said, "sqlite.not_readable")
                    .for_good();
            return make(WEIR_E_IO,
                        shown + " or its directory may not be written: " + said +
                            "; SQLite keeps its log beside the file",
                        "sqlite.not_writable")
                .for_good();
        case SQLITE_NOTADB:
            return make(WEIR_E_CONFIG, shown + " is a file, but not a SQLite database",
                        "sqlite.not_a_database");
        case SQLITE_CORRUPT:
            return make(WEIR_E_IO,
                        shown + " is damaged: " + said + "; PRAGMA integrity_check tells more",
                        "sqlite.damaged")
                .for_good();
        case SQLITE_NOMEM:
            return make(WEIR_E_NOMEM, "out of memory for " + shown, "sqlite.memory")
                .suggest("give the host more, or take smaller batches with --batch-rows");
        case SQLITE_TOOBIG:
            return make(WEIR_E_DATA, shown + ": " + said, "sqlite.row_too_big")
                .suggest("leave large fields out with --fields");
        case SQLITE_CONSTRAINT:
        case SQLITE_MISMATCH: return make(WEIR_E_DATA, said, "sqlite.constraint");
        case SQLITE_ERROR:
        case SQLITE_SCHEMA: return make(WEIR_E_SCHEMA, shown + ": " + said, "sqlite.refused");
        default: return make(WEIR_E_INTERNAL, shown + ": " + said, "sqlite.error");
    }
}

Statement::Statement(Database& db, std::string_view sql) : db_{&db} {
    int const rc = sqlite3_prepare_v3(db.raw(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement_, nullptr);
    if (rc != SQLITE_OK) throw db.error(rc);
}

void Statement::check(int rc) const {
    if (rc != SQLITE_OK) throw db_->error(rc);
}
Statement& Statement::bind(int at, std::int64_t value) {
    check(sqlite3_bind_int64(statement_, at, value));
    return *this;
}
Statement& Statement::bind(int at, double value) {
    check(sqlite3_bind_double(statement_, at, value));
    return *this;
}
Statement& Statement::bind(int at, std::string_view text) {
    // A null pointer would bind NULL where an empty text is meant.
    char const* const from = text.data() ? text.data() : "";
    check(sqlite3_bind_text64(statement_, at, from, text.size(), SQLITE_TRANSIENT, SQLITE_UTF8));
    return *this;
}
Statement& Statement::bind_blob(int at, std::string_view bytes) {
    char const* const from = bytes.data() ? bytes.data() : "";
    check(sqlite3_bind_blob64(statement_, at, from, bytes.size(), SQLITE_TRANSIENT));
    return *this;
}
Statement& Statement::bind_null(int at) {
    check(sqlite3_bind_null(statement_, at));
    return *this;
}

bool Statement::step() {
    int const rc = sqlite3_step(statement_);
    if (rc == SQLITE_ROW) return true;
    if (rc == SQLITE_DONE) return false;
    Error const error = db_->error(rc);
    sqlite3_reset(statement_);
    throw error;
}

void Statement::run() {
    while (step()) {
    }
    sqlite3_reset(statement_);
}

std::string_view Statement::bytes(int column) const {
    // The pointer first: asking for the size first may convert, and the pointer then moves.
    auto const* data = type(column) == SQLITE_BLOB
                           ? static_cast<char const*>(sqlite3_column_blob(statement_, column))
                           : reinterpret_cast<char const*>(sqlite3_column_text(statement_, column));
    int const size = sqlite3_column_bytes(statement_, column);
    return data ? std::string_view{data, static_cast<std::size_t>(size)} : std::string_view{};
}

Transaction::~Transaction() {
    if (db_.in_transaction()) sqlite3_exec(db_.raw(), "ROLLBACK", nullptr, nullptr, nullptr);
}

}  // namespace weir::sqlite
