#include "connection.hpp"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

namespace weir::postgres {
std::int64_t Result::number(int row, int column) const {
    std::string_view const text = value(row, column);
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Connection::Connection(Settings const& settings, Wait const& wait)
    : settings_{settings}, connection_{nullptr, PQfinish} {
    std::vector<char const*> keywords, values;
    for (auto const& [keyword, value] : settings.parameters()) {
        keywords.push_back(keyword.c_str());
        values.push_back(value.c_str());
    }
    keywords.push_back(nullptr);
    values.push_back(nullptr);
    wait.check();
    connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
    if (!connection_) throw std::bad_alloc{};
    establish(wait);
    PQsetNoticeReceiver(
        connection_.get(), [](void*, PGresult const*) {}, nullptr);
}

Connection::~Connection() {
    if (line_) PQfreemem(line_);
    PGconn* const connection = connection_.get();
    bool const busy =
        PQstatus(connection) == CONNECTION_OK && PQtransactionStatus(connection) == PQTRANS_ACTIVE;
    if (!busy) return;
    // Hanging up alone would leave a sort running until its first row.
    if (PGcancel* const cancel = PQgetCancel(connection)) {
        char said[256];
        PQcancel(cancel, said, sizeof said);
        PQfreeCancel(cancel);
    }
}

void Connection::establish(Wait const& wait) {
    PGconn* const connection = connection_.get();
    // The only way to the SQLSTATE of a refused login is the text of the message.
    PQsetErrorVerbosity(connection, PQERRORS_VERBOSE);
    std::int64_t const limit = settings_.connect_timeout_ms();
    std::int64_t const started = steady_ms();
    auto next = PGRES_POLLING_WRITING;
    while (PQstatus(connection) != CONNECTION_BAD && next != PGRES_POLLING_OK) {
        std::int64_t const left =
            limit == 0 ? INT64_MAX : started + limit - steady_ms();
        if (left <= 0) throw connect_timeout(settings_, limit);
        if (!wait_for(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, wait, left)) continue;
        next = PQconnectPoll(connection);
        if (next == PGRES_POLLING_FAILED) break;
    }
    if (PQstatus(connection) != CONNECTION_OK)
        throw connect_failure(settings_, PQerrorMessage(connection));
    PQsetErrorVerbosity(connection, PQERRORS_DEFAULT);
}

/// Whether the socket is ready, after a little while at most; throws when the call is not wanted.
bool Connection::wait_for(short events, Wait const& wait, std::int64_t ms_max) {
    return wait.ready(PQsocket(connection_.get()), events, ms_max) != 0;
}

void Connection::flush(Wait const& wait) {
    for (;;) {
        int const left = PQflush(connection_.get());
        if (left == 0) return;
        if (left < 0) throw connection_lost(settings_, PQerrorMessage(connection_.get()));
        wait_for(POLLIN | POLLOUT, wait);
        PQconsumeInput(connection_.get());
    }
}

void Connection::send(std::string const& sql, Wait const& wait) {
    if (PQsendQuery(connection_.get(), sql.c_str()) != 1)
        throw connection_lost(settings_, PQerrorMessage(connection_.get()));
    flush(wait);
}

PGresult* Connection::next_result(Wait const& wait) {
    PGconn* const connection = connection_.get();
    while (PQisBusy(connection)) {
        wait_for(POLLIN, wait);
        if (PQconsumeInput(connection) != 1)
            throw connection_lost(settings_, PQerrorMessage(connection));
    }
    return PQgetResult(connection);
}

/// Takes what the server answers until it is done; true: it waits for the data of a COPY instead.
bool Connection::take_results(Outcome& outcome, Wait const& wait) {
    while (PGresult* const raw = next_result(wait)) {
        Result result{raw};
        switch (PQresultStatus(raw)) {
            case PGRES_TUPLES_OK: outcome.rows.push_back(std::move(result)); break;
            case PGRES_COMMAND_OK: {
                std::string_view const text = PQcmdTuples(raw);
                std::uint64_t count = 0;
                std::from_chars(text.data(), text.data() + text.size(), count);
                outcome.counts.push_back(count);
                break;
            }
            case PGRES_COPY_IN: return true;
            case PGRES_EMPTY_QUERY: break;
            default:
                if (!outcome.failed) outcome.failed = std::move(result);
        }
    }
    return false;
}

Outcome Connection::execute(std::string const& sql, Wait const& wait) {
    send(sql, wait);
    Outcome outcome;
    take_results(outcome, wait);
    return outcome;
}

std::vector<Result> Connection::run(std::string const& sql, Wait const& wait,
                                    Subject const& subject) {
    Outcome outcome = execute(sql, wait);
    if (outcome.failed)
        throw statement_failure(settings_, connection_.get(), outcome.failed->get(), subject);
    return std::move(outcome.rows);
}

std::optional<Outcome> Connection::start_copy_in(std::string const& sql, Wait const& wait) {
    // A server that is busy with a row would hold us up for as long, interrupts or not.
    PQsetnonblocking(connection_.get(), 1);
    send(sql, wait);
    Outcome outcome;
    if (take_results(outcome, wait)) return std::nullopt;
    return outcome;
}

bool Connection::put(char const* data, std::size_t size, Wait const& wait) {
    constexpr std::size_t piece = 1 << 18;
    for (; size > 0;) {
        std::size_t const now = std::min(size, piece);
        int const taken = PQputCopyData(connection_.get(), data, static_cast<int>(now));
        if (taken < 0) {
            if (PQstatus(connection_.get()) != CONNECTION_OK)
                throw connection_lost(settings_, PQerrorMessage(connection_.get()));
            return false;
        }
        if (taken > 0) {
            data += now;
            size -= now;
        }
        flush(wait);
    }
    return true;
}

Outcome Connection::end_copy_in(Wait const& wait, char const* why) {
    // Where the server has refused already, there is nothing to be ended.
    while (PQputCopyEnd(connection_.get(), why) == 0) flush(wait);
    flush(wait);
    Outcome outcome;
    take_results(outcome, wait);
    return outcome;
}

void Connection::start_copy(std::string const& sql, Wait const& wait, Subject const& subject) {
    send(sql, wait);
    Result const result{next_result(wait)};
    if (!result.get() || PQresultStatus(result.get()) != PGRES_COPY_OUT)
        throw statement_failure(settings_, connection_.get(), result.get(), subject);
}

Connection::Line Connection::copy_line(Wait const& wait, Subject const& subject) {
    PGconn* const connection = connection_.get();
    if (line_) PQfreemem(std::exchange(line_, nullptr));
    if (wait.interrupt.raised()) wait.check();
    bool looked = false;
    for (;;) {
        int const size = PQgetCopyData(connection, &line_, 1);
        if (size > 0) return {line_, static_cast<std::size_t>(size)};
        if (size < 0) {
            finish_copy(wait, subject);
            return {};
        }
        // Data is mostly there already, and asking poll() first would double the system calls.
        if (looked) wait_for(POLLIN, wait);
        looked = true;
        if (PQconsumeInput(connection) != 1)
            throw connection_lost(settings_, PQerrorMessage(connection));
    }
}

/// The stream is complete only when the server says so: an error may follow the last line.
void Connection::finish_copy(Wait const& wait, Subject const& subject) {
    std::optional<Error> failed;
    bool done = false;
    while (PGresult* const raw = next_result(wait)) {
        Result const result{raw};
        if (PQresultStatus(raw) == PGRES_COMMAND_OK)
            done = true;
        else if (!failed)
            failed = statement_failure(settings_, connection_.get(), raw, subject);
    }
    if (failed) throw *failed;
    if (!done) throw connection_lost(settings_, PQerrorMessage(connection_.get()));
}

bool Connection::usable() const {
    return PQstatus(connection_.get()) == CONNECTION_OK &&
           PQtransactionStatus(connection_.get()) == PQTRANS_IDLE;
}

}  // namespace weir::postgres
