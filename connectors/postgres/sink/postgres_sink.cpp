#include "postgres_sink.hpp"

#include <weir/cpp/session_writer.hpp>

#include "column_type.hpp"
#include "own_types.hpp"
#include "refusal.hpp"
#include "structure.hpp"

namespace weir::postgres {
PostgresSink::PostgresSink(Host host, Config const& config) : host_{host}, settings_{config} {}

/// Does `work` on the idle session if there is one, on a new one if not, or if the idle one turns
/// out to be gone. `work` takes the session, and may keep it.
template <class Work>
auto PostgresSink::on_session(Wait const& wait, Work&& work) {
    if (std::unique_ptr<Connection> idle = spare_->take()) {
        try {
            return work(idle);
        } catch (Error const& error) {
            if (error.code != "postgres.connection_lost") throw;
        }
    }
    auto fresh = std::make_unique<Connection>(settings_, wait);
    return work(fresh);
}

Place PostgresSink::place_of(Target const& target) const {
    return place_in(settings_, target);
}

std::string PostgresSink::peek(Call const& call, Begin const& begin) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    context_of(begin.target) = {fingerprint({begin.job, begin.stream}), begin.spec, {}, {}, false};
    Json const found = on_session(wait, [&](std::unique_ptr<Connection>& connection) {
        Json answer = checkpoint_on(*connection, begin, wait);
        spare_->keep(std::move(connection));
        return answer;
    });
    return found.is_null() ? std::string{}
                           : found.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json PostgresSink::checkpoint_on(Connection& connection, Begin const& begin, Wait const& wait) {
    Seat const seat{settings_.schema(), begin.job, begin.stream};
    Place const place = place_of(begin.target);
    Outcome const outcome =
        connection.execute(seat.find_sql() + "; " + look_sql(place.sql()), wait);
    if (outcome.failed) {
        if (auto why = foreign_checkpoint(settings_, *outcome.failed))
            throw Error{std::move(*why)};
        if (is_missing_table(*outcome.failed)) return {};
        throw write_failure(connection, *outcome.failed,
                            {settings_.schema(), "_weir_checkpoint"});
    }
    std::optional<Checkpoint> const found = read_checkpoint(outcome.rows.at(0));
    if (!found) return {};
    std::optional<TargetTable> const table = read_look(outcome.rows, 1);
    bool const is_empty = table && table->mark() == foreign_mark && found->rows > 0 &&
                          !has_rows(connection, *table, place, wait);
    if (!found->objection(place, table ? &*table : nullptr, !is_empty).empty()) return {};
    Context& context = context_of(begin.target);
    context.memory = Memory::parse(found->fields);
    context.reads_all = begin.reset || begin.staged ||
                        begin.target.write_mode == WEIR_WRITE_REPLACE || found->cursor.empty();
    return {{"epoch", found->epoch},   {"cursor", found->cursor},
            {"spec", found->spec},     {"rows", found->rows},
            {"run_id", found->run_id}, {"updated_at", found->updated_at},
            {"owned", found->is_owned()}};
}

std::unique_ptr<Writer> PostgresSink::begin(Call const& call, Begin const& begin,
                                            std::uint64_t& epoch, std::string& cursor) {
    check_target_name(begin.target.name);
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    auto const made = on_session(wait, [&](std::unique_ptr<Connection>& connection) {
        return std::make_shared<WriteSession>(host_, spare_, std::move(connection), begin, epoch,
                                              call);
    });
    cursor = made->cursor();
    context_of(begin.target) = {{}, {}, {}, made, false};
    return std::make_unique<SessionWriter<WriteSession>>(made);
}

Prepared PostgresSink::prepare(Call const& call, Target const& target,
                               std::vector<FieldView> const& fields, bool dry_run) {
    Context const& context = context_of(target);
    std::shared_ptr<WriteSession> const open = context.session.lock();
    bool const has_rows_only = !changes_structure(target.structure);
    if (open && !dry_run && has_rows_only) return open->prepare(call, target, fields);
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    std::string const owner = context.owner.empty() ? fingerprint({}) : context.owner;
    Place const place = place_of(target);
    return on_session(wait, [&](std::unique_ptr<Connection>& connection) {
        if (!has_rows_only) {
            Prepared const added{
                postgres::add_structure(*connection, place, target.structure, dry_run, wait)};
            spare_->keep(std::move(connection));
            return added;
        }
        std::vector<std::string> const types = column_types(*connection, fields, wait);
        Prepared const prepared = prepare_alone(
            *connection, wait,
            {target, place, fields, types, owner, context.spec, &context.memory, nullptr,
             context.reads_all},
            dry_run);
        spare_->keep(std::move(connection));
        return prepared;
    });
}

Prepared PostgresSink::prepare_alone(Connection& connection, Wait const& wait, FitRequest request,
                                     bool dry_run) {
    Look const look = look_at(connection, request.place, {}, wait);
    Fit const found = fit(look.table ? &*look.table : nullptr, request);
    if (!dry_run && !found.statements.empty()) {
        for (std::string const& sentence :
             make_surroundings(connection, request.target, request.place, wait))
            host_.warn(sentence);
        std::string sql = begin_write_sql("weir");
        for (std::string const& statement : found.statements) sql += statement + "; ";
        Outcome const outcome = connection.execute(sql + "COMMIT", wait);
        if (outcome.failed) throw write_failure(connection, *outcome.failed, request.place);
    }
    return {found.actions, look.has_rows, look.table && look.table->has_references};
}

}  // namespace weir::postgres
