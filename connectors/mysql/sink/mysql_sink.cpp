#include "mysql_sink.hpp"

#include <weir/cpp/session_writer.hpp>

#include "refusal.hpp"
#include "structure.hpp"

namespace weir::mysql {
MysqlSink::MysqlSink(Host host, Config const& config) : host_{host}, settings_{config} {}

Seat MysqlSink::seat_of(Target const& target) const {
    check_target_name(target.name);
    if (settings_.database().empty())
        throw Error{WEIR_E_CONFIG, "a sink needs a database: name one in the URL", "/url"}
            .coded("mysql.bad_url")
            .suggest("mysql://user:password@host:port/database");
    return {settings_.database(), target.name};
}

std::string MysqlSink::peek(Call const& call, Begin const& begin) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    Context& context = contexts_[begin.target.name];
    context = {fingerprint({begin.job, begin.stream}), begin.spec, {}, {}, false};
    Seat const seat = seat_of(begin.target);
    Connection connection{settings_, wait};
    Post const post{seat.database, begin.job, begin.stream};
    std::optional<Checkpoint> const found = post.find(connection, false, wait);
    if (!found) return {};
    std::optional<TargetTable> const table = look_at(connection, seat, wait);
    bool const is_empty = table && table->mark() == foreign_mark && found->rows > 0 &&
                          !has_rows(connection, seat, wait);
    if (!found->objection(seat.table, table ? &*table : nullptr, !is_empty).empty()) return {};
    context.memory = Memory::parse(found->fields);
    context.reads_all = begin.reset || begin.staged ||
                        begin.target.write_mode == WEIR_WRITE_REPLACE || found->cursor.empty();
    return Json{{"epoch", found->epoch},   {"cursor", found->cursor},
                {"spec", found->spec},     {"rows", found->rows},
                {"run_id", found->run_id}, {"updated_at", found->updated_at},
                {"owned", found->is_owned()}}
        .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::unique_ptr<Writer> MysqlSink::begin(Call const& call, Begin const& begin,
                                         std::uint64_t& epoch, std::string& cursor) {
    seat_of(begin.target);
    auto const made = std::make_shared<WriteSession>(host_, settings_, begin, epoch, call);
    cursor = made->cursor();
    contexts_[begin.target.name] = {{}, {}, {}, made, false};
    return std::make_unique<SessionWriter<WriteSession>>(made);
}

Prepared MysqlSink::prepare(Call const& call, Target const& target,
                            std::vector<FieldView> const& fields, bool dry_run) {
    Context const& context = contexts_[target.name];
    std::shared_ptr<WriteSession> const open = context.session.lock();
    bool const has_rows_only = target.structure.is_null();
    if (open && !dry_run && has_rows_only) return open->prepare(call, target, fields);
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    if (!has_rows_only)
        return {mysql::add_structure(*connect_to_write(settings_, wait), seat_of(target),
                                     target.structure, dry_run, wait)};
    std::string const owner = context.owner.empty() ? fingerprint({}) : context.owner;
    Seat const seat = seat_of(target);
    std::unique_ptr<Connection> const connection = connect_to_write(settings_, wait);
    std::optional<TargetTable> const table = look_at(*connection, seat, wait);
    Dialect const dialect = dialect_of(*connection, wait);
    Fit const found = fit(table ? &*table : nullptr,
                          {target, seat, fields, owner, context.spec, &context.memory, dialect,
                           nullptr, false, context.reads_all});
    Prepared const prepared{found.actions, table && has_rows(*connection, seat, wait)};
    if (!dry_run)
        for (std::string const& statement : found.statements)
            if (std::optional<Said> const said = connection->execute(statement, wait))
                throw write_failure(settings_, *said, seat.table);
    return prepared;
}

}  // namespace weir::mysql
