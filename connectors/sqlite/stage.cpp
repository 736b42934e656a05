#include "stage.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "insert.hpp"
#include "names.hpp"

namespace weir::sqlite {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ending = ".stage";

std::string prefix_of(Location const& database, std::string const& owner) {
    return database.file + "-weir-" + owner + "-";
}

/// SQLite would make a file that is gone; one made by ourselves is ours alone.
void create_exclusively(Location const& file) {
    int const made = ::open(file.file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (made < 0) {
        bool const is_full = errno == ENOSPC || errno == EDQUOT;
        throw Error{WEIR_E_IO,
                    "the staging file " + file.file + " cannot be made: " + std::strerror(errno)}
            .coded(is_full ? "sqlite.disk_full" : "sqlite.not_writable")
            .for_good();
    }
    ::close(made);
}

void remove_files(std::string const& file) noexcept {
    ::unlink(file.c_str());
    ::unlink((file + "-journal").c_str());
}

/// As a URI, so that attaching never makes a file.
std::string existing_uri(std::string const& file) {
    std::string uri = "file://";
    for (char const c : file) {
        bool const is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                              (c >= '0' && c <= '9') || c == '/' || c == '.' || c == '-' ||
                              c == '_';
        uri += is_plain ? std::string{c} : "%" + hex({&c, 1});
    }
    return uri + "?mode=rw";
}

}  // namespace

Stage::Stage(Location const& database, StageName const& name, std::string table, Call const& call)
    : table_{std::move(table)} {
    file_.file = prefix_of(database, name.owner) + std::to_string(name.epoch) + std::string{ending};
    file_.shown = fs::path{file_.file}.filename().string();
    create_exclusively(file_);
    try {
        db_ = std::make_unique<Database>(file_, Access::stage, call);
        define_differs(*db_);
    } catch (...) {
        remove_files(file_.file);
        throw;
    }
}

Stage::~Stage() {
    insert_.reset();
    db_.reset();
    remove_files(file_.file);
}

Fit Stage::stage_fit(std::vector<FieldView> const& fields,
                     std::vector<std::size_t> const& key) const {
    Fit fit;
    fit.table = table_;
    fit.key = key;
    // Columns without a type take everything as it is.
    for (FieldView const& field : fields)
        fit.landings.push_back({field.name, storage_of(field), "BINARY", false});
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

void Stage::attach_to(Database& main) {
    main.exec("ATTACH " + as_text(existing_uri(file_.file)) + " AS _weir_stage");
    main.exec("PRAGMA _weir_stage.synchronous=OFF");
}

std::string Stage::name_in_main() const { return "_weir_stage." + as_name(table_); }

void Stage::detach_from(Database& main) noexcept {
    sqlite3_exec(main.raw(), "DETACH _weir_stage", nullptr, nullptr, nullptr);
}

void Stage::drop_older(Location const& database, StageName const& name) noexcept {
    std::error_code failed;
    std::string const prefix = fs::path{prefix_of(database, name.owner)}.filename().string();
    fs::path const directory = fs::path{database.file}.parent_path();
    for (fs::directory_iterator at{directory, failed}, end; !failed && at != end;
         at.increment(failed)) {
        std::string const file = at->path().filename().string();
        std::string_view number = file;
        if (!number.starts_with(prefix) || !number.ends_with(ending)) continue;
        number = number.substr(prefix.size(), number.size() - prefix.size() - ending.size());
        std::uint64_t epoch = 0;
        auto const [end_at, wrong] =
            std::from_chars(number.data(), number.data() + number.size(), epoch);
        if (wrong == std::errc{} && end_at == number.data() + number.size() && epoch < name.epoch)
            remove_files(at->path().string());
    }
}

}  // namespace weir::sqlite
