#include <filesystem>
#include <weir/cpp/session_writer.hpp>

#include "indexes.hpp"
#include "names.hpp"
#include "sqlite.hpp"

namespace weir::sqlite {

Sqlite::Reach::Reach(Sqlite& sqlite, Database& db) : sqlite_{sqlite} {
    std::lock_guard const lock{sqlite_.reaching_};
    sqlite_.reached_ = &db;
}
Sqlite::Reach::~Reach() {
    std::lock_guard const lock{sqlite_.reaching_};
    sqlite_.reached_ = nullptr;
}

void Sqlite::interrupt() noexcept {
    std::lock_guard const lock{reaching_};
    if (reached_) reached_->interrupt();
}

Json Sqlite::describe() const {
    return {{"identity", "sqlite:" + location_.file},
            {"lanes", 16},  // a connection each
            {"cursor", "atomic"},
            {"folds_case", true},
            {"lookup", true},
            {"structure", {"indexes"}},
            {"writers", 1}};
}

bool Sqlite::exists() const {
    std::error_code failed;
    return std::filesystem::exists(location_.file, failed);
}

std::string Sqlite::peek(Call const& call, Begin const& begin) {
    Context& context = contexts_[begin.target.name];
    context = {fingerprint({begin.job, begin.stream}), begin.spec, {}, {}, false};
    if (!exists()) return {};
    Database db{location_, Access::read, call};
    Reach const reach{*this, db};
    Database::Watch const watch{db, call};
    db.exec("BEGIN");  // one state of the database for all that follows
    std::optional<Checkpoint> const found = Checkpoint::find(db, begin.job, begin.stream);
    if (!found || !found->objection(db, begin.target.name).empty()) return {};
    context.memory = Memory::parse(found->fields);
    context.reads_all = begin.reset || begin.staged ||
                        begin.target.write_mode == WEIR_WRITE_REPLACE || found->cursor.empty();
    return Json{{"epoch", found->epoch},   {"cursor", found->cursor},
                {"spec", found->spec},     {"rows", found->rows},
                {"run_id", found->run_id}, {"updated_at", found->updated_at},
                {"owned", !found->target_id.empty() && found->target_id != foreign_mark}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::unique_ptr<Writer> Sqlite::begin(Call const& call, Begin const& begin, std::uint64_t& epoch,
                                      std::string& cursor) {
    check_target_name(begin.target.name);
    auto session = std::make_shared<Session>(host_, location_, begin, epoch, call);
    cursor = session->cursor();
    contexts_[begin.target.name] = {{}, {}, {}, session, false};
    return std::make_unique<SessionWriter<Session>>(std::move(session));
}

Prepared Sqlite::prepare(Call const& call, Target const& target,
                         std::vector<FieldView> const& fields, bool dry_run) {
    if (!target.structure.is_null()) return add_structure(call, target, dry_run);
    Context const& context = contexts_[target.name];
    std::shared_ptr<Session> const session = context.session.lock();
    if (session && !dry_run) return session->prepare(call, target, fields);
    return prepare_alone(call, target, fields, dry_run, context);
}

Prepared Sqlite::add_structure(Call const& call, Target const& target, bool dry_run) {
    Json const indexes = target.structure.value("indexes", Json::array());
    if (dry_run && !exists()) return {add_indexes(nullptr, target.name, indexes, true)};
    Database db{location_, dry_run ? Access::read : Access::write, call};
    Reach const reach{*this, db};
    Database::Watch const watch{db, call};
    return {add_indexes(&db, target.name, indexes, dry_run)};
}

Prepared Sqlite::prepare_alone(Call const& call, Target const& target,
                               std::vector<FieldView> const& fields, bool dry_run,
                               Context const& context) {
    std::string const owner = context.owner.empty() ? fingerprint({}) : context.owner;
    FitRequest const request{target,          fields,          owner, context.spec,
                             &context.memory, context.reads_all};
    if (dry_run && !exists()) return {fit(nullptr, request).actions, false};
    Database db{location_, dry_run ? Access::read : Access::write, call};
    Reach const reach{*this, db};
    Database::Watch const watch{db, call};
    return apply(db, request, dry_run);
}

Prepared Sqlite::apply(Database& db, FitRequest const& request, bool dry_run) {
    if (dry_run) return {fit(&db, request).actions, has_rows(db, request.target.name)};
    Transaction transaction{db};
    Fit const found = fit(&db, request);
    bool const holds_rows = has_rows(db, request.target.name);
    for (std::string const& sql : found.statements) db.exec(sql);
    transaction.commit();
    return {found.actions, holds_rows};
}

}  // namespace weir::sqlite
