#include "adbc.hpp"

#include <filesystem>
#include <weir/cpp/session_writer.hpp>

#include "reader.hpp"
#include "streams.hpp"

namespace weir::adbc {
Adbc::Reach::Reach(Adbc& adbc, Call const& call) : db{adbc.settings_, call}, adbc_{adbc} {
    std::lock_guard const lock{adbc_.reaching_};
    adbc_.reached_ = &db;
}
Adbc::Reach::~Reach() {
    std::lock_guard const lock{adbc_.reaching_};
    adbc_.reached_ = nullptr;
}

void Adbc::interrupt() noexcept {
    std::lock_guard const lock{reaching_};
    if (reached_) reached_->interrupt();
}

Json Adbc::describe() const {
    Json out{{"identity", settings_.identity()}, {"cursor", "atomic"}, {"folds_case", true}};
    if (settings_.file()) out["writers"] = 1;
    return out;
}

/// To open it would make the file.
bool Adbc::is_missing() const {
    std::optional<std::string> const file = settings_.file();
    std::error_code failed;
    return file && !std::filesystem::exists(*file, failed);
}

std::string Adbc::home(Dialect const& dialect) const {
    return settings_.schema.empty() ? dialect.default_schema() : settings_.schema;
}

void Adbc::discover(Call const& call, std::string_view pattern, Catalog& catalog) {
    if (is_missing())
        throw Error{WEIR_E_NOT_FOUND, "there is no file " + *settings_.file(), "/url"}.coded(
            "adbc.no_database");
    Reach reach{*this, call};
    Dialect const dialect{reach.db.vendor(call)};
    for (Table& table : tables(reach.db, call, settings_.schema)) {
        std::string const name = table.stream(home(dialect));
        if (same_name(std::string_view{table.name}.substr(0, 6), "_weir_")) continue;
        if (!is_wanted(pattern, name)) continue;
        read_types(reach.db, call, table);
        catalog.add(stream_of(dialect, table, name));
    }
}

std::unique_ptr<Reader> Adbc::open(Call const& call, Read const& read) {
    if (is_missing())
        throw Error{WEIR_E_NOT_FOUND, "there is no file " + *settings_.file(), "/url"}.coded(
            "adbc.no_database");
    return std::make_unique<TableReader>(host_, settings_, call, read);
}

Prepared Adbc::prepare(Call const& call, Target const& target,
                       std::vector<FieldView> const& fields, bool dry_run) {
    std::shared_ptr<Session> const session = sessions_[target.name].lock();
    if (session && !dry_run) return session->prepare(call, target, fields);
    std::string const owner =
        owners_[target.name].empty() ? owner_of("", "") : owners_[target.name];
    if (dry_run && is_missing())
        return {fit(nullptr, call, Dialect{"duckdb"}, home(Dialect{"duckdb"}), target, fields,
                    owner)
                    .actions,
                false};
    Reach reach{*this, call};
    Dialect const dialect{reach.db.vendor(call)};
    return apply(reach.db, call,
                 fit(&reach.db, call, dialect, home(dialect), target, fields, owner), dry_run);
}

std::unique_ptr<Writer> Adbc::begin(Call const& call, Begin const& begin, std::uint64_t& epoch,
                                    std::string& cursor) {
    auto session = std::make_shared<Session>(host_, settings_, begin, epoch, call);
    cursor = session->cursor();
    sessions_[begin.target.name] = session;
    return std::make_unique<SessionWriter<Session>>(std::move(session));
}

std::string Adbc::peek(Call const& call, Begin const& begin) {
    owners_[begin.target.name] = owner_of(begin.job, begin.stream);
    sessions_.erase(begin.target.name);
    if (is_missing()) return {};
    Reach reach{*this, call};
    Dialect const dialect{reach.db.vendor(call)};
    Checkpoints const checkpoints{dialect, home(dialect)};
    std::optional<Checkpoint> const found =
        checkpoints.find(reach.db, call, begin.job, begin.stream);
    if (!found) return {};
    if (!objection(*found, reach.db, call, dialect, home(dialect), begin.target.name).empty())
        return {};
    return Json{{"epoch", found->epoch},   {"cursor", found->cursor},
                {"spec", found->spec},     {"rows", found->rows},
                {"run_id", found->run_id}, {"updated_at", found->updated_at},
                {"owned", is_ours(found->target_id)}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir::adbc
