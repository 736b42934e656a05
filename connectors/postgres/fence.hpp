#pragma once

#include <set>
#include <string>
#include <vector>

#include "connection.hpp"
#include "position.hpp"

namespace weir::postgres {

/// Who is at work on the server. A value.
struct Running {
    std::set<std::string> standing;  ///< every virtual transaction that holds a lock
    std::vector<std::string> fence;  ///< of those, the ones that may still write to this database
    std::string xmin;                ///< no transaction below it was open
    std::string boot;                ///< when the server was started
    std::int64_t clock_us = 0;
};

/// The statement that tells; its answer is for read_running(). No privilege is needed. Never our
/// own session, nor a vacuum, nor one that is known to be in another database; a prepared
/// transaction always.
std::string running_sql();
Running read_running(Result const& from);

/// Whether nobody of the mark's fence stands any more.
bool is_clear(Mark const& mark, Running const& running);

/// Who stands there of `fence`, in words.
std::string blockers_sql(std::vector<std::string> const& fence);

}  // namespace weir::postgres
