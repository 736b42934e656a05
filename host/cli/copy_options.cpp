#include "host/cli/copy_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <string_view>

#include "host/cli/common_options.hpp"
#include "host/cli/misread.hpp"
#include "host/core/name_list.hpp"
#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Strings = std::vector<std::string>;

constexpr char copy_footer[] = R"(
URLs: postgres://user:password@host:port/db, mysql://user:password@host:port/db,
sqlite:relative.db, sqlite:/absolute.db, adbc:DRIVER.so?name=value, generator:rows=1000.
Passwords best come from elsewhere: '${env:SHOP_URL}', ${file:PATH}, PGPASSWORD or
~/.pgpass, MYSQL_PWD.

Examples:
  weir copy '${env:SHOP_URL}' sqlite:shop.db --stream public.users
  weir copy '${env:SHOP_URL}' sqlite:shop.db --stream public.users --cursor updated_at
  weir copy '${env:SHOP_URL}' sqlite:shop.db --stream 'public.*' --write replace
  weir copy '${env:SHOP_URL}' sqlite:shop.db --stream public.users --mode reconcile
  weir copy '${env:SHOP_URL}' '${env:WAREHOUSE_URL}' --stream 'public.*'
  weir copy generator:rows=1000000 sqlite:big.db

Exit codes: 0 done, 1 the work failed, 2 wrong usage, 3 the environment failed,
4 some records rejected or some streams failed, 130 interrupted.)";

template <class Value>
Result<std::optional<Value>> choice(char const* option, std::string const& text,
                                    std::map<std::string, Value> const& values) {
    if (text.empty()) return std::optional<Value>{};
    if (auto const at = values.find(text); at != values.end()) return std::optional{at->second};
    Strings names;
    for (auto const& [name, value] : values) names.push_back(name);
    Error error = usage(
        fmt::format("{} is one of {}, not \"{}\"", option, fmt::join(names, ", "), text), option);
    std::string const near = nearest(text, names);
    return near.empty() ? error : error.suggest(fmt::format("{} {}", option, near));
}

/// The names of all arguments of one option.
Result<Strings> names(char const* option, Strings const& texts) {
    Strings all;
    for (std::string const& text : texts) {
        Result<Strings> some = split_names(text);
        if (!some) return usage(fmt::format("{} {}", option, some.error().message), option);
        all.insert(all.end(), some->begin(), some->end());
    }
    return all;
}

/// Names that are empty, or the next option in the place of one that was forgotten.
Result<void> check_names(CLI::App const& app) {
    for (char const* option : {"--stream", "--to", "--cursor", "--key", "--fields"})
        for (std::string const& value : app.get_option(option)->results()) {
            if (value.empty()) return usage(fmt::format("{} is empty", option), option);
            if (value.starts_with("--") && app.get_option_no_throw(value))
                return usage(fmt::format("{} has no name behind it, but {}", option, value),
                             option);
        }
    return {};
}

Result<void> check_once(char const* option, Strings const& names) {
    for (auto at = names.begin(); at != names.end(); ++at)
        if (std::find(names.begin(), at, *at) != at)
            return usage(fmt::format("{} names \"{}\" twice", option, *at), option);
    return {};
}

/// "90s", "10m", "2h", "1d", at most 30 days.
std::optional<std::int64_t> milliseconds_of(std::string_view text) {
    constexpr std::int64_t most = 30LL * 86'400'000;
    std::int64_t count = 0;
    char const* const end = text.data() + text.size();
    auto const [at, failed] = std::from_chars(text.data(), end, count);
    if (failed != std::errc{} || at + 1 != end || count < 0 || count > most) return std::nullopt;
    std::int64_t const unit = *at == 's'   ? 1'000
                              : *at == 'm' ? 60'000
                              : *at == 'h' ? 3'600'000
                              : *at == 'd' ? 86'400'000
                                           : 0;
    if (unit == 0 || count > most / unit) return std::nullopt;
    return count * unit;
}

Result<void> settle_reconcile(CLI::App const& app, CopyText const& text,
                              std::optional<ReadMode> mode, CopyRequest& request) {
    for (char const* option : {"--max-delete-fraction", "--on-delete", "--compare"})
        if (app.count(option) && mode != ReadMode::reconcile)
            return usage(fmt::format("{} goes with --mode reconcile only", option), option);
    auto soft = choice<bool>("--on-delete", text.on_delete, {{"hard", false}, {"soft", true}});
    if (!soft) return soft.error();
    auto values = choice<bool>("--compare", text.compare, {{"keys", false}, {"values", true}});
    if (!values) return values.error();
    request.reconcile = {values->value_or(false), soft->value_or(false),
                         text.max_delete_fraction};
    return {};
}

}  // namespace

CLI::App* add_copy(CLI::App& app, CopyCommand& out, CopyText& text) {
    CopyRequest& request = out.request;
    CLI::App* copy = app.add_subcommand("copy", "Copy streams from one system into another");
    copy->footer(copy_footer);
    copy->add_option("SOURCE", request.source_url, "URL of what is read")->required();
    copy->add_option("SINK", request.sink_url, "URL of what is written")->required();
    copy->add_option("--stream", request.streams, "A stream, or a quoted pattern like 'public.*'")
        ->type_name("NAME")
        ->allow_extra_args(false);
    copy->add_option("--to", request.to,
                     "Target of a single stream: TABLE, or SCHEMA.TABLE where the sink has "
                     "schemas; a part with dots stands in double quotes")
        ->type_name("NAME");
    copy->add_option("--mode", text.mode, "full | delta | reconcile; default: delta with a cursor")
        ->type_name("MODE");
    copy->add_option("--write", text.write, "append | upsert | replace; default: upsert by key")
        ->type_name("MODE");
    copy->add_option("--cursor", request.cursor, "Field by which changes are found")
        ->type_name("FIELD");
    copy->add_option("--lookback", text.lookback,
                     "What is older has all appeared: longest transaction + clock error, like 10m")
        ->type_name("TIME");
    copy->add_option("--key", text.key, "Fields that identify a record")
        ->type_name("FIELD,...")
        ->allow_extra_args(false);
    copy->add_option("--fields", text.fields,
                     "Only these fields; a name with a comma stands in double quotes: '\"a,b\",c'")
        ->type_name("FIELD,...")
        ->allow_extra_args(false);
    copy->add_option("--transform", text.transform, "Mapping of values")->type_name("FILE");
    copy->add_option("--batch-rows", text.batch_rows, "Rows per batch and transaction")
        ->check(CLI::Range(1u, 10'000'000u))
        ->type_name("N");
    copy->add_option("--batch-bytes", text.batch_bytes, "Bytes per batch and transaction")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30))
        ->type_name("N");
    copy->add_option("--row-bytes-max", text.row_bytes_max,
                     "A larger record is refused at the source, unread; default: 16777216")
        ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 30))
        ->type_name("N");
    copy->add_option("--drift", text.drift,
                     "A column that the source has gained: add | ignore | halt; default: add")
        ->type_name("WHAT");
    copy->add_option("--with", text.with,
                     "After the load make the source's indexes, foreign_keys, or both")
        ->type_name("WHAT,...")
        ->allow_extra_args(false);
    copy->add_option("--limit", text.limit, "At most so many records per stream")
        ->check(CLI::Range(std::int64_t{1}, std::int64_t{1} << 62))
        ->type_name("N");
    copy->add_option("--parallel", text.parallel,
                     "Streams at once, where both systems can; default: 2")
        ->check(CLI::Range(std::size_t{1}, CopyRequest::parallel_max))
        ->type_name("N");
    copy->add_option("--parts", text.parts,
                     "Parts of a big stream read at once, where the source can; default: 1")
        ->check(CLI::Range(std::size_t{1}, CopyRequest::parts_max))
        ->type_name("N");
    copy->add_option("--on-error", text.on_error,
                     "A record the sink refuses: stop | skip | dead_letter; default: stop")
        ->type_name("WHAT");
    copy->add_option("--max-delete-fraction", text.max_delete_fraction,
                     "Most of the target that --mode reconcile may delete; default: 0.1")
        ->check(CLI::Range(0.0, 1.0))
        ->type_name("X");
    copy->add_option("--on-delete", text.on_delete,
                     "Rows whose record is gone: hard (deleted) | soft (marked); default: hard")
        ->type_name("HOW");
    copy->add_option("--compare", text.compare,
                     "What --mode reconcile compares: keys | values; default: keys")
        ->type_name("WHAT");
    copy->add_option("--deleted-at", request.deleted_at,
                     "Column of the target that marks deleted rows; default: _weir_deleted_at")
        ->type_name("COLUMN");
    add_switch(*copy, "--force", request.force,
               "Let --write replace empty a target, and --mode reconcile delete what it found");
    copy->add_option("--dead-letters", request.dead_letters,
                     "File of refused records; default: weir-dead-letters.jsonl")
        ->type_name("FILE");
    add_switch(*copy, "--dry-run", request.dry_run, "Say what would be done; write nothing");
    add_voice(*copy, out.voice);
    add_plugins(*copy, out.plugins);
    add_lock(*copy, out.plugins_lock);
    return copy;
}

Result<void> settle(CLI::App const& app, CopyText const& text, CopyRequest& request) {
    if (Result<void> checked = check_names(app); !checked) return checked;
    if (app.count("--transform")) return not_here("--transform");
    auto mode = choice<ReadMode>("--mode", text.mode,
                                 {{"full", ReadMode::full},
                                  {"delta", ReadMode::delta},
                                  {"reconcile", ReadMode::reconcile}});
    if (!mode) return mode.error();
    if (auto settled = settle_reconcile(app, text, *mode, request); !settled) return settled;
    auto write = choice<WriteMode>("--write", text.write,
                                   {{"append", WriteMode::append},
                                    {"upsert", WriteMode::upsert},
                                    {"replace", WriteMode::replace}});
    if (!write) return write.error();
    auto on_error = choice<OnError>(
        "--on-error", text.on_error,
        {{"stop", OnError::stop}, {"skip", OnError::skip}, {"dead_letter", OnError::dead_letter}});
    if (!on_error) return on_error.error();
    auto drift = choice<DriftPolicy>("--drift", text.drift,
                                     {{"add", DriftPolicy::add},
                                      {"ignore", DriftPolicy::ignore},
                                      {"halt", DriftPolicy::halt}});
    if (!drift) return drift.error();
    request.drift = drift->value_or(DriftPolicy::add);
    if (app.count("--row-bytes-max")) request.row_bytes_max = text.row_bytes_max;
    Result<Strings> key = names("--key", text.key);
    if (!key) return key.error();
    Result<Strings> fields = names("--fields", text.fields);
    if (!fields) return fields.error();
    Result<Strings> with = names("--with", text.with);
    if (!with) return with.error();
    for (std::string const& part : *with)
        if (auto known = choice<int>("--with", part, {{"indexes", 0}, {"foreign_keys", 1}}); !known)
            return known.error();
    request.with = std::move(*with);
    request.key = std::move(*key);
    request.fields = std::move(*fields);
    request.mode = *mode;
    request.write = *write;
    request.on_error = on_error->value_or(OnError::stop);
    if (app.count("--lookback")) {
        request.lookback_ms = milliseconds_of(text.lookback);
        if (!request.lookback_ms)
            return usage(fmt::format("--lookback \"{}\" is no time", text.lookback), "--lookback")
                .suggest("--lookback 10m");
    }
    if (app.count("--batch-rows")) request.batch_rows = text.batch_rows;
    if (app.count("--batch-bytes")) request.batch_bytes = text.batch_bytes;
    if (app.count("--limit")) request.limit = text.limit;
    if (app.count("--parallel")) request.parallel = text.parallel;
    request.parts = text.parts;
    if (request.limit && request.write == WriteMode::replace)
        return usage("--limit with --write replace would delete all but the first records",
                     "--limit");
    if (request.mode == ReadMode::delta && request.write == WriteMode::replace)
        return usage("--write replace reads everything, so it cannot go with --mode delta",
                     "--write");
    if (Result<void> checked = check_once("--key", request.key); !checked) return checked;
    if (Result<void> checked = check_once("--fields", request.fields); !checked) return checked;
    if (!request.to.empty() && request.streams.size() > 1)
        return usage("--to names the target of one stream, and several were given", "--to");
    if (app.count("--dead-letters") && request.on_error != OnError::dead_letter)
        return usage("--dead-letters goes with --on-error dead_letter", "--dead-letters")
            .suggest("add --on-error dead_letter");
    return {};
}

}  // namespace weir::host
