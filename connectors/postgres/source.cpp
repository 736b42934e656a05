#include "source.hpp"

#include <algorithm>
#include <iterator>
#include <map>

#include "cut.hpp"
#include "streams.hpp"
#include "structure.hpp"

namespace weir::postgres {
namespace {

/// See Sharing. Long enough for whoever holds a lock in passing.
constexpr int lock_ms = 1000;

// No address: it is a socket for the server too, and not for a pooler in between alone.
constexpr char place_sql[] =
    ";SELECT pg_catalog.inet_server_addr() IS NULL, pg_catalog.current_setting('port'),"
    " pg_catalog.current_setting('listen_addresses')";

/// Whether the server behind a Unix socket is the one at localhost and the same port: both are
/// asked for on this side, and only one process can listen there.
bool is_at_loopback(Result const& from, std::string const& socket_port) {
    constexpr std::string_view places[] = {"*",         "0.0.0.0",   "::",
                                           "localhost", "127.0.0.1", "::1"};
    if (!from.flag(0, 0) || from.value(0, 1) != socket_port) return false;
    std::string_view left = from.value(0, 2);
    while (!left.empty()) {
        std::string_view place = left.substr(0, left.find(','));
        left.remove_prefix(std::min(place.size() + 1, left.size()));
        while (place.starts_with(' ')) place.remove_prefix(1);
        while (place.ends_with(' ')) place.remove_suffix(1);
        if (std::ranges::find(places, place) != std::end(places)) return true;
    }
    return false;
}

}  // namespace

PostgresSource::PostgresSource(Host host, Config const& config)
    : host_{host},
      settings_{config},
      metrics_{host.counter("weir_postgres_bytes_total", "Bytes read from PostgreSQL"),
               host.counter("weir_cursor_future_rows",
                            "Reads that found a tracking value in the future or at infinity"),
               host.counter("weir_cursor_regressed_total",
                            "Reads that found the source behind the position")} {}

Json PostgresSource::describe() const {
    return {{"identity",
             is_at_loopback_ ? settings_.identity_by_loopback() : settings_.identity()},
            {"formerly", settings_.former_identities()},
            {"lanes", lanes},
            {"lookup", true},
            {"parts", true},
            {"snapshots", true}};
}

/// Does `work` on the idle session if there is one, on a new one if not, or if the idle one turns
/// out to be gone.
std::unique_ptr<Connection> PostgresSource::with_session(
    Wait const& wait, std::function<void(Connection&)> const& work) {
    if (std::unique_ptr<Connection> idle = shared_.spare->take()) {
        try {
            work(*idle);
            return idle;
        } catch (Error const& error) {
            if (error.code != "postgres.connection_lost") throw;
        }
    }
    auto fresh = std::make_unique<Connection>(settings_, wait);
    work(*fresh);
    return fresh;
}

void PostgresSource::discover(Call const& call, std::string_view pattern, Catalog& catalog) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    std::optional<NamePattern> parsed;
    // Everything, as long as nobody has named the schema that is meant.
    bool const is_all = pattern.empty() || (pattern == "*" && !settings_.names_schema());
    if (!is_all && !(parsed = parse_name(pattern, settings_.schema()))) return;
    std::vector<Table> tables;
    std::map<std::int64_t, Json> structures;
    auto const look = [&](Connection& connection) {
        std::string const port = settings_.socket_port();
        std::vector<Result> const found =
            connection.run(describe_sql(parsed) + ";" + structure_sql(relations_sql(parsed)) +
                               (port.empty() ? "" : place_sql),
                           wait);
        tables = read_tables(found, 0);
        structures = read_structure(found, describe_answers);
        is_at_loopback_ =
            !port.empty() && is_at_loopback(found.at(describe_answers + structure_answers), port);
    };
    shared_.spare->keep(with_session(wait, look));
    for (Table const& table : tables) {
        Stream stream = stream_of(table, settings_);
        if (auto const around = structures.find(table.oid); around != structures.end())
            stream.meta["structure"] = around->second;
        if (table.has_children) {
            Table alone = table;
            alone.has_children = false;
            stream.meta["alone"] = {{"stream", std::string{alone_prefix} + table.stream()},
                                    {"keys", keys_of(alone)}};
        }
        catalog.add(stream);
        if (previews_.size() < previews_max)
            previews_.insert_or_assign(table.stream(), table.preview);
    }
}

std::unique_ptr<Reader> PostgresSource::open(Call const& call, Read const& read) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    Snapshot snapshot;
    std::optional<Preview> known;
    if (auto const seen = previews_.find(read.stream); seen != previews_.end())
        known = seen->second;
    View const view = read.tracking.empty() ? View::one : View::later;
    Sharing const sharing = sharing_of(read);
    auto const begin = [&](Connection& connection) {
        snapshot = begin_read(connection, read.stream, view, known, sharing, wait);
    };
    std::unique_ptr<Connection> connection = with_session(wait, begin);
    std::shared_ptr<std::string const> exported;
    if (sharing.exports) {
        exported = std::make_shared<std::string const>(snapshot.exported);
        exported_.insert_or_assign(read.snapshot, Exported{exported, std::string{read.stream}});
    }
    auto reader = std::make_unique<TableReader>(host_, metrics_, shared_, std::move(connection),
                                                std::move(snapshot), std::move(exported), read);
    if (read.cut == 0) return reader;
    // Of several servers another one may answer for the parts, and lag behind the position.
    bool const is_one_server = settings_.address().find(',') == std::string::npos;
    Read cut = read;
    if (!read.tracking.empty() && !is_one_server) cut.cut = 1;
    return std::make_unique<CutReader>(std::move(reader), cut);
}

/// Which snapshot a read takes: that of the reader that holds the one of its name, if it is open.
Sharing PostgresSource::sharing_of(Read const& read) {
    if (!read.tracking.empty()) return {};
    if (read.cut > 0) return {.lock_ms = lock_ms};
    if (read.snapshot.empty()) return {};
    std::erase_if(exported_, [](auto const& entry) { return entry.second.name.expired(); });
    auto const at = exported_.find(read.snapshot);
    auto const exported = at == exported_.end() ? nullptr : at->second.name.lock();
    if (!exported) return {.exports = true};
    bool const is_part = !read.above.empty() || !read.upto.empty();
    bool const has_lock_here = is_part || at->second.stream == read.stream;
    return {.taken = *exported, .lock_ms = has_lock_here ? lock_ms : 0};
}

}  // namespace weir::postgres
