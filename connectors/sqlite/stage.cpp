#include "stage.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <optional>
#include <thread>

#include "insert.hpp"
#include "names.hpp"

namespace weir::sqlite {
namespace {

namespace fs = std::filesystem;

// name := database "-weir-" owner "-" epoch ".stage"    owner := 16 hex digits
constexpr std::string_view infix = "-weir-", ending = ".stage";
constexpr std::size_t owner_size = 16;

/// What stands behind the database's own name and the infix; nothing when that is no stage.
std::optional<StageName> parse(std::string_view rest) {
    if (!rest.ends_with(ending) || rest.size() < owner_size + 1 + ending.size())
        return std::nullopt;
    StageName name{std::string{rest.substr(0, owner_size)}};
    if (name.owner.find_first_not_of("0123456789abcdef") != std::string::npos ||
        rest[owner_size] != '-')
        return std::nullopt;
    std::string_view const number =
        rest.substr(owner_size + 1, rest.size() - owner_size - 1 - ending.size());
    auto const [at, wrong] =
        std::from_chars(number.data(), number.data() + number.size(), name.epoch);
    if (wrong != std::errc{} || at != number.data() + number.size()) return std::nullopt;
    return name;
}

/// Whether this process now holds the file, until `descriptor` is closed: see Stage.
bool hold(int descriptor) { return ::flock(descriptor, LOCK_EX | LOCK_NB) == 0; }

/// SQLite would make a file that is gone; one made by ourselves is ours alone. Answers what holds
/// it.
int create_exclusively(Location const& file) {
    constexpr int tries_max = 1000;
    for (int tries = 0;; ++tries) {
        int const made = ::open(file.file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
        if (made < 0 && (errno != EEXIST || tries == 0 || tries == tries_max)) {
            bool const is_full = errno == ENOSPC || errno == EDQUOT;
            std::string const why = std::strerror(errno);
            throw Error{WEIR_E_IO, "the staging file " + file.file + " cannot be made: " + why}
                .coded(is_full ? "sqlite.disk_full" : "sqlite.not_writable")
                .for_good();
        }
        if (made >= 0) {
            struct stat now {};
            bool const is_kept = hold(made) || errno != EWOULDBLOCK;
            if (is_kept && ::fstat(made, &now) == 0 && now.st_nlink > 0) return made;
            ::close(made);
        }
        // Whoever tidies up took it for one that a dead process left, and removes it right now.
        std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
}

void remove_files(std::string const& file) noexcept {
    ::unlink(file.c_str());
    ::unlink((file + "-journal").c_str());
}

/// Removes the file if nobody holds it: its process is gone.
void remove_left(std::string const& file) noexcept {
    int const descriptor = ::open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) return;
    // Held until it is gone, so that whoever has just made it sees that it is taken away.
    if (hold(descriptor)) remove_files(file);
    ::close(descriptor);
}

/// As a URI, so that attaching never makes a file.
std::string existing_uri(std::string const& file, bool read_only) {
    std::string uri = "file://";
    for (char const c : file) {
        bool const is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' ||
                              c == '_';
        uri += is_plain ? std::string{c} : "%" + hex({&c, 1});
    }
    return uri + (read_only ? "?mode=ro" : "?mode=rw");
}

}  // namespace

Stage::Stage(Location const& database, StageName const& name, std::string table, Call const& call)
    : table_{std::move(table)} {
    file_.file = database.file + std::string{infix} + name.owner + "-" +
                 std::to_string(name.epoch) + std::string{ending};
    file_.shown = fs::path{file_.file}.filename().string();
    held_ = create_exclusively(file_);
    try {
        db_ = std::make_unique<Database>(file_, Access::stage, call);
        define_differs(*db_);
    } catch (...) {
        db_.reset();
        remove_files(file_.file);
        ::close(held_);
        throw;
    }
}

Stage::~Stage() {
    insert_.reset();
    db_.reset();
    remove_files(file_.file);
    ::close(held_);
}

Fit Stage::stage_fit(std::vector<FieldView> const& fields,
                     std::vector<std::size_t> const& key) const {
    Fit fit;
    fit.table = table_;
    fit.key = key;
    // Columns without a type take everything as it is.
    for (FieldView const& field : fields)
        fit.landings.push_back(
            {field.name, declared_type(field), storage_of(field), "BINARY", false});
    return fit;
}

void Stage::prepare(std::vector<FieldView> const& fields, std::vector<std::size_t> const& key) {
    insert_.reset();
    std::optional<Table> const before = Table::find(*db_, table_);
    if (!before) {
        bool const is_whole = key.size() == 1 && storage_of(fields[key[0]]) == Storage::integer;
        std::string columns, keys;
        for (std::size_t i = 0; i < fields.size(); ++i) {
            bool const is_key = std::ranges::find(key, i) != key.end();
            columns += (i ? ", " : "") + as_name(fields[i].name);
            if (is_key) columns += is_whole ? " INTEGER PRIMARY KEY" : " NOT NULL";
        }
        for (std::size_t const at : key)
            keys += (keys.empty() ? "" : ", ") + as_name(fields[at].name);
        if (!key.empty() && !is_whole) columns += ", PRIMARY KEY (" + keys + ")";
        db_->exec("CREATE TABLE " + as_name(table_) + " (" + columns + ")" +
                  (key.empty() || is_whole ? "" : " WITHOUT ROWID"));
    } else {
        for (FieldView const& field : fields)
            if (!before->column(field.name))
                db_->exec("ALTER TABLE " + as_name(table_) + " ADD COLUMN " + as_name(field.name));
    }
    insert_ = std::make_unique<BatchInsert>(*db_, stage_fit(fields, key), fields, !key.empty(),
                                            ++schemas_);
}

void Stage::write(Call const& call, ArrowArray const& batch, Rejects& rejects) {
    Database::Watch const watch{*db_, call};
    Transaction transaction{*db_};
    insert_->write(batch, rejects);
    transaction.commit();
}

void Stage::end_writing() {
    insert_.reset();
    db_.reset();
}

void Stage::attach_to(Database& main, bool read_only) {
    main.exec("ATTACH " + as_text(existing_uri(file_.file, read_only)) + " AS _weir_stage");
    if (!read_only) main.exec("PRAGMA _weir_stage.synchronous=OFF");
}

std::string Stage::name_in_main() const { return "_weir_stage." + as_name(table_); }

void Stage::detach_from(Database& main) noexcept {
    sqlite3_exec(main.raw(), "DETACH _weir_stage", nullptr, nullptr, nullptr);
}

void Stage::drop_left(Location const& database, StageName const& name) noexcept {
    std::error_code failed;
    std::string const prefix = fs::path{database.file + std::string{infix}}.filename().string();
    fs::path const directory = fs::path{database.file}.parent_path();
    for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
         at.increment(failed)) {
        std::string const file = at->path().filename().string();
        if (!file.starts_with(prefix)) continue;
        std::optional<StageName> const found = parse(std::string_view{file}.substr(prefix.size()));
        if (!found) continue;
        if (found->owner != name.owner)
            remove_left(at->path().string());
        else if (found->epoch < name.epoch)
            remove_files(at->path().string());
    }
}

}  // namespace weir::sqlite
