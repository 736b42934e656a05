#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "finding.hpp"

namespace weir::replication {

/// Limits of a job document.
constexpr std::int64_t batch_rows_limit = 1'000'000;
constexpr std::int64_t row_bytes_limit = 1 << 30;
constexpr std::int64_t retries_limit = 100;
constexpr std::int64_t delay_ms_limit = 3'600'000;
constexpr std::int64_t timeout_ms_limit = 7 * 86'400'000;
constexpr std::int64_t concurrency_limit = 1024;
constexpr std::int64_t parts_limit = 64;
constexpr std::int64_t minutes_limit = 527'040;  // 366 days

/// The native job document in its one spelling, out of any of those it may be written in.
///
/// Seed spellings are replaced, `key` is a list, `source` and `destination` name a connection or
/// hold a `url`, `schedule` is one text. Nothing is filled in, so that two documents that say the
/// same are equal. Everything that is wrong goes to `findings`; the answer is of use only when
/// nothing was. Looks at nothing but the document: whether connections, streams, columns and times
/// exist is for others to say.
///
/// `paused` is there only if the document says so.
Json read_job(Json const& document, Findings& findings);

/// Whether runs of the native `job` compare its target with its source, always or beside others.
bool compares(Json const& job);

/// The schedule as cron/1 takes it: text as it is, {"type":"cron","expression"} and
/// {"type":"interval","minutes":15} as text. Empty: there is none, or it is a finding.
std::string read_schedule(Json const& schedule, std::string const& at, Findings& findings);

/// "90s", "10m", "2h", "1d", at most 30 days; nothing: it is no such time.
std::optional<std::int64_t> lookback_ms_of(std::string_view text);

/// "public.users" → "users", `shop."odd.name"` → `odd.name`: the target's name when none is given.
std::string last_name_part(std::string const& stream);

}  // namespace weir::replication
