#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "host/cli/options.hpp"

namespace weir::host {

/// What CLI11 fills in before it becomes a request.
struct CopyText {
    std::string mode, write, lookback, on_error, transform, drift, on_delete, compare;
    std::vector<std::string> key, fields, with;
    double max_delete_fraction = 0.1;
    std::uint32_t batch_rows = 0;
    std::uint64_t batch_bytes = 0, row_bytes_max = 0;
    std::int64_t limit = 0;
    std::size_t parallel = 0, parts = 1;
};

/// The command `copy`; what it was given stands in `out` and `text`, which outlive the parse.
CLI::App* add_copy(CLI::App& app, CopyCommand& out, CopyText& text);

/// The request of a `copy` that was parsed. E_CONFIG `usage` for what cannot be meant.
Result<void> settle(CLI::App const& copy, CopyText const& text, CopyRequest& request);

}  // namespace weir::host
