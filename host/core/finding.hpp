#pragma once

#include <cstddef>
#include <string>

namespace weir::host {

/// How many things that are wrong are told at once.
constexpr std::size_t findings_max = 100;

/// One of several things that are wrong with what was asked, in the Contract's fields: where
/// (JSON Pointer), the stable dotted code, what, and what to write instead.
struct Finding {
    std::string pointer, code, detail, suggestion = {};
};

/// What is in the way of a change: {"job", "orders"}; kinds are job, run, plugin, connection.
struct Blocker {
    std::string kind, id;
};

}  // namespace weir::host
