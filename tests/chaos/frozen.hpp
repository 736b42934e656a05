#pragma once

#include <string>
#include <vector>

#include "support/process.hpp"

namespace weir::test {

/// A process that stops at the `at`th call by which it sends something to a server. It is killed,
/// and so never goes on, when this ends. Not with AddressSanitizer, whose look for leaks needs what
/// strace takes.
class Frozen {
public:
    /// `trace` is a file that is made.
    Frozen(std::vector<std::string> const& command, int at, std::string const& trace,
           ProcessOptions const& options);
    Frozen(Frozen const&) = delete;
    Frozen& operator=(Frozen const&) = delete;
    ~Frozen();

    /// Waits until it is stopped; false: it came to its end before.
    bool wait();

private:
    std::string trace_;
    Process strace_;
};

/// What it sends from its start to its end, a line for each call.
std::vector<std::string> calls_of(std::vector<std::string> const& command,
                                  std::string const& trace, ProcessOptions const& options);

}  // namespace weir::test
