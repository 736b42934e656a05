#include "postgres_sink.hpp"

#include "column_type.hpp"
#include "refusal.hpp"

namespace weir::postgres {
namespace {

/// The Writer of the SDK over a session, which it gives up at its end: what is not committed is
/// rolled back then.
class TableWriter final : public Writer {
public:
    explicit TableWriter(std::shared_ptr<WriteSession> session) : session_{std::move(session)} {}
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects rejects) override {
        session_->write(call, fields, batch, rejects);
    }
    std::uint64_t commit(Call const& call, Commit const& commit) override {
        return session_->commit(call, commit);
    }
    void interrupt() noexcept override { session_->interrupt(); }

private:
    std::shared_ptr<WriteSession> session_;
};

}  // namespace

PostgresSink::PostgresSink(Host host, Config const& config) : host_{host}, settings_{config} {}

/// The idle session, if it still answers, or a new one.
std::unique_ptr<Connection> PostgresSink::session(Wait const& wait) {
    if (std::unique_ptr<Connection> idle = spare_->take()) {
        try {
            if (!idle->execute("SELECT", wait).failed) return idle;
        } catch (Error const& error) {
            if (error.code != "postgres.connection_lost") throw;
        }
    }
    return std::make_unique<Connection>(settings_, wait);
}

std::string PostgresSink::peek(Call const& call, Begin const& begin) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    Context& context = contexts_[begin.target.name];
    context = {fingerprint({begin.job, begin.stream}), begin.spec, {}, {}};
    std::unique_ptr<Connection> connection = session(wait);
    Seat const seat{settings_.schema(), begin.job, begin.stream};
    Outcome const outcome = connection->execute(seat.find_sql(), wait);
    if (outcome.failed) {
        if (auto why = foreign_checkpoint(settings_, *outcome.failed))
            throw Error{std::move(*why)};
        if (!is_missing_table(*outcome.failed))
            throw write_failure(*connection, *outcome.failed,
                                {settings_.schema(), "_weir_checkpoint"});
        spare_->keep(std::move(connection));
        return {};
    }
    std::optional<Checkpoint> const found = read_checkpoint(outcome.rows.at(0));
    Place const place = place_of(begin.target);
    std::string objection;
    if (found) {
        Look const look = look_at(*connection, place, {}, wait);
        objection = found->objection(place, look.table ? &*look.table : nullptr, look.has_rows);
    }
    spare_->keep(std::move(connection));
    if (!found || !objection.empty()) return {};
    context.memory = Memory::parse(found->fields);
    return Json{{"epoch", found->epoch},   {"cursor", found->cursor},
                {"spec", found->spec},     {"rows", found->rows},
                {"run_id", found->run_id}, {"updated_at", found->updated_at},
                {"owned", found->is_owned()}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::unique_ptr<Writer> PostgresSink::begin(Call const& call, Begin const& begin,
                                            std::uint64_t& epoch, std::string& cursor) {
    check_target_name(begin.target.name);
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    auto made = std::make_shared<WriteSession>(host_, spare_, session(wait), begin, epoch, call);
    cursor = made->cursor();
    contexts_[begin.target.name] = {{}, {}, {}, made};
    return std::make_unique<TableWriter>(std::move(made));
}

Prepared PostgresSink::prepare(Call const& call, Target const& target,
                               std::vector<FieldView> const& fields, bool dry_run) {
    Context const& context = contexts_[target.name];
    std::shared_ptr<WriteSession> const open = context.session.lock();
    if (open && !dry_run) return open->prepare(call, target, fields);
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    std::unique_ptr<Connection> connection = session(wait);
    std::string const owner = context.owner.empty() ? fingerprint({}) : context.owner;
    Place const place = place_of(target);
    std::vector<std::string> const types = column_types(*connection, fields, wait);
    Prepared const prepared = prepare_alone(
        *connection, wait, {target, place, fields, types, owner, context.spec, &context.memory},
        dry_run);
    spare_->keep(std::move(connection));
    return prepared;
}

Prepared PostgresSink::prepare_alone(Connection& connection, Wait const& wait, FitRequest request,
                                     bool dry_run) {
    Look const look = look_at(connection, request.place, {}, wait);
    Fit const found = fit(look.table ? &*look.table : nullptr, request);
    if (!dry_run && !found.statements.empty()) {
        std::string sql = begin_write_sql("weir");
        for (std::string const& statement : found.statements) sql += statement + "; ";
        Outcome const outcome = connection.execute(sql + "COMMIT", wait);
        if (outcome.failed) throw write_failure(connection, *outcome.failed, request.place);
    }
    return {found.actions, look.has_rows};
}

}  // namespace weir::postgres
