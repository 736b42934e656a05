#include "fence.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "names.hpp"
#include "query.hpp"

namespace weir::mysql {
namespace {

constexpr char unseen[] = "?";
constexpr int tries_max = 3;
constexpr std::int64_t stale_ms = 110;  // after that long without a reader the copy is made anew
constexpr char lock[] = "'_weir_fence'";

std::string clock_sql(bool is_mariadb) {
    return std::string{"SELECT"} + by_weir +
           " CAST(UNIX_TIMESTAMP(NOW(6)) * 1000000 AS SIGNED), UNIX_TIMESTAMP() - (SELECT"
           " VARIABLE_VALUE FROM " +
           (is_mariadb ? "information_schema" : "performance_schema") +
           ".global_status WHERE VARIABLE_NAME = 'UPTIME')";
}

// Who logs in has drawn nothing yet. NOW() is the begin of this statement, TIME is reckoned while
// it is at work: the difference is no later than the begin of the other, and not with the second
// that is lost where seconds are cut off behind it either.
std::string statements_sql(bool is_mariadb) {
    return std::string{"SELECT"} + by_weir + " ID, " +
           (is_mariadb ? "QUERY_ID, 0" : "'', UNIX_TIMESTAMP() - TIME - 1") +
           " FROM information_schema.PROCESSLIST WHERE ID <> CONNECTION_ID() AND"
           " COMMAND NOT IN ('Sleep', 'Daemon', 'Binlog Dump', 'Binlog Dump GTID') AND"
           " USER <> 'unauthenticated user' AND (INFO IS NULL OR INFO NOT LIKE " +
           literal(std::string{"SELECT"} + by_weir + "%") + ")";
}

// In place of a number that a transaction does not have yet MySQL prints one from 2^48 on.
std::string transactions_sql(std::string const& nonce) {
    return std::string{"SELECT"} + by_weir + nonce +
           " trx_mysql_thread_id, IF(trx_id >= 281474976710656, 0, trx_id), trx_started,"
           " trx_is_read_only, trx_query FROM"
           " information_schema.INNODB_TRX";
}

std::string fresh_nonce() {
    static std::atomic<std::uint64_t> count{0};
    auto const now = std::chrono::steady_clock::now().time_since_epoch().count();
    return "/*" + std::to_string(now) + "." + std::to_string(++count) + "*/";
}

/// Whether the list was made for this question, so that it holds all who were there before it.
bool try_transactions(Connection& connection, Running& running, Wait const& wait) {
    std::string const nonce = fresh_nonce();
    connection.run("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", wait);
    Answer const found = connection.run(transactions_sql(nonce), wait);
    connection.run("COMMIT", wait);
    running.transactions.clear();
    for (std::size_t row = 0; row < found.rows(); ++row) {
        if (found.text(row, 4).find(nonce) != std::string::npos) running.knows_transactions = true;
        if (found.text(row, 3) == "1") continue;
        running.transactions.push_back(
            {found.text(row, 0), found.text(row, 1), found.text(row, 2)});
    }
    return running.knows_transactions;
}

std::string member_of(Running::Statement const& statement, std::int64_t clock_us) {
    if (!statement.query.empty()) return "q" + statement.session + "." + statement.query;
    return "s" + statement.session + "." + std::to_string(clock_us / 1'000'000);
}

/// Whose it is; empty: nobody's that can be named.
std::string session_of(std::string const& member) {
    std::string const session = member.substr(std::min<std::size_t>(member.size(), 1),
                                              member.find('.') - 1);
    return session.find_first_not_of("0123456789") == session.npos ? session : std::string{};
}

bool is_statement(std::string const& member) {
    return member.starts_with('q') || member.starts_with('s');
}

bool statement_stands(std::string const& member, Running const& running) {
    std::string const session = session_of(member), rest = member.substr(member.find('.') + 1);
    return std::ranges::any_of(running.statements, [&](Running::Statement const& each) {
        if (each.session != session) return false;
        return member[0] == 'q' ? each.query == rest : each.since_s <= std::atoll(rest.c_str());
    });
}

bool transaction_stands(std::string const& member, Running const& running) {
    return std::ranges::any_of(running.transactions, [&](Running::Transaction const& each) {
        if (each.member() == member) return true;
        std::size_t const dot = member.find('.'), next = member.find('.', dot + 1);
        std::string const id = member.substr(dot + 1, next - dot - 1);
        if (id != "0") return each.id == id;
        // It had no number yet.
        bool const same = each.session == "0" || each.session == session_of(member);
        return same && each.since == member.substr(next + 1);
    });
}

void add(Fence& fence, std::string member) {
    if (std::ranges::find(fence, member) == fence.end()) fence.push_back(std::move(member));
}

/// What the statement's session has left open.
void add_left(Fence& fence, std::string const& statement, Running const& running) {
    std::string const session = session_of(statement);
    for (Running::Transaction const& each : running.transactions)
        if (each.session == session || each.session == "0") add(fence, each.member());
}

}  // namespace

Running read_clock(Connection& connection, Wait const& wait) {
    Answer const found = connection.run(clock_sql(connection.is_mariadb()), wait);
    Running out;
    out.clock_us = found.number(0, 0);
    out.boot_s = found.number(0, 1);
    return out;
}

Running read_running(Connection& connection, Wait const& wait) {
    Running out = read_clock(connection, wait);
    Answer const found = connection.run(statements_sql(connection.is_mariadb()), wait);
    for (std::size_t row = 0; row < found.rows(); ++row)
        out.statements.push_back({found.text(row, 0), found.text(row, 1), found.number(row, 2)});
    try {
        // Reads at the same time would keep the list from being made anew for each other.
        connection.run(std::string{"SELECT"} + by_weir + " GET_LOCK(" + lock + ", 1)", wait);
        for (int i = 0; i < tries_max && !try_transactions(connection, out, wait); ++i)
            wait.pause(stale_ms);
        connection.run(std::string{"SELECT"} + by_weir + " RELEASE_LOCK(" + lock + ")", wait);
    } catch (Error const&) {
        connection.retire();  // or an idle session would keep the lock
        throw;
    }
    if (!out.knows_transactions) out.transactions.clear();
    return out;
}

Fence fence_of(Running const& running) {
    Fence out;
    for (Running::Statement const& each : running.statements)
        add(out, member_of(each, running.clock_us));
    if (!running.knows_transactions) out.push_back(unseen);
    for (Running::Transaction const& each : running.transactions) add(out, each.member());
    return out;
}

Fence standing(Fence const& fence, Running const& running) {
    Fence out;
    for (std::string const& member : fence) {
        bool const is_of_statement = is_statement(member);
        if (!running.knows_transactions || (is_of_statement && statement_stands(member, running)))
            add(out, member);
        else if (is_of_statement)
            add_left(out, member, running);
        else if (member == unseen)
            for (Running::Transaction const& each : running.transactions) add(out, each.member());
        else if (transaction_stands(member, running))
            add(out, member);
    }
    return out;
}

std::string blockers(Connection& connection, Fence const& fence, Wait const& wait) {
    std::string sessions, out;
    bool has_prepared = false, has_unseen = false;
    for (std::string const& member : fence) {
        std::string const session = session_of(member);
        has_unseen |= session.empty();
        has_prepared |= session == "0";
        if (!session.empty() && session != "0")
            sessions += (sessions.empty() ? "" : ", ") + session;
    }
    if (has_prepared) out = "a prepared transaction (XA RECOVER lists it)";
    if (has_unseen)
        out += std::string{out.empty() ? "" : "; "} +
               "transactions that cannot be seen while somebody asks INFORMATION_SCHEMA.INNODB_TRX "
               "without a pause";
    if (sessions.empty()) return out;
    Answer const found = connection.run(
        std::string{"SELECT"} + by_weir +
            " CONCAT('session ', ID, ' of ', USER, '@', HOST, ', ', TIME, ' s in ', COMMAND) FROM"
            " information_schema.PROCESSLIST WHERE ID IN (" +
            sessions + ") LIMIT 5",
        wait);
    for (std::size_t row = 0; row < found.rows(); ++row)
        out += (out.empty() ? "" : "; ") + found.text(row, 0);
    return out;
}

}  // namespace weir::mysql
