#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "connection.hpp"

// Those who may still leave rows before a place that was the last one:
//
//   fence     := member...
//   member    := "q" session "." query          a statement of MariaDB
//              | "s" session "." second         one of MySQL, begun not after that second
//              | "t" session "." id "." since   a transaction; id 0: it has written nothing yet
//              | "?"                            transactions of then that could not be seen
//
// MySQL does not number its statements, but tells when each began, in seconds, by the very clock
// that NOW() gives it. One that began after the mark was looked at draws nothing that is less.
//
// A statement may wait for a lock with its clock taken and no transaction yet, so what a session
// leaves behind when its statement has ended is looked for among the transactions. One that is
// prepared (XA) loses its session: that is 0 then.
namespace weir::mysql {

using Fence = std::vector<std::string>;

/// Who is at work on the server. A value.
struct Running {
    struct Statement {
        std::string session, query;  ///< of MySQL no query
        std::int64_t since_s = 0;    ///< of MySQL: not after its begin
    };
    struct Transaction {
        std::string session, id, since;
        std::string member() const { return "t" + session + "." + id + "." + since; }
    };
    std::vector<Statement> statements;
    std::vector<Transaction> transactions;
    bool knows_transactions = false;
    std::int64_t boot_s = 0;  ///< when the server was started, in seconds
    std::int64_t clock_us = 0;
};

/// Only the server's clock and start.
Running read_clock(Connection& connection, Wait const& wait);

/// Looks who is at work. Needs the right PROCESS. The session is in no transaction.
///
/// Never our own session, nor the reads of Weir's, nor transactions that are declared READ ONLY.
/// InnoDB's list of transactions is a copy that is not made anew while somebody reads it more often
/// than ten times a second; one without this very statement in it is not believed, and after some
/// tries the transactions are not known.
Running read_running(Connection& connection, Wait const& wait);

/// All of them.
Fence fence_of(Running const& running);

/// Who still stands there of `fence`; empty: nobody can leave a row before its mark any more.
Fence standing(Fence const& fence, Running const& running);

/// In words, up to five of them.
std::string blockers(Connection& connection, Fence const& fence, Wait const& wait);

}  // namespace weir::mysql
