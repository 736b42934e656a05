#include "source.hpp"

#include <algorithm>
#include <iterator>

#include "streams.hpp"

namespace weir::postgres {
namespace {

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
                            "Rows whose tracking value lies in the future or at infinity")} {}

Json PostgresSource::describe() const {
    std::vector<std::string> former = settings_.former_identities();
    if (!is_at_loopback_) return {{"identity", settings_.identity()}, {"formerly", former}};
    return {{"identity", settings_.identity_by_loopback()}, {"formerly", former}};
}

/// Does `work` on the idle session if there is one, on a new one if not, or if the idle one turns
/// out to be gone.
std::unique_ptr<Connection> PostgresSource::with_session(
    Wait const& wait, std::function<void(Connection&)> const& work) {
    if (std::unique_ptr<Connection> idle = spare_->take()) {
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
    if (!pattern.empty() && !(parsed = parse_name(pattern, settings_.schema()))) return;
    std::vector<Table> tables;
    auto const look = [&](Connection& connection) {
        std::string const port = settings_.socket_port();
        std::vector<Result> const found =
            connection.run(describe_sql(parsed) + (port.empty() ? "" : place_sql), wait);
        tables = read_tables(found.at(0), found.at(1), found.at(2));
        is_at_loopback_ = !port.empty() && is_at_loopback(found.at(3), port);
    };
    spare_->keep(with_session(wait, look));
    for (Table const& table : tables) {
        catalog.add(stream_of(table, settings_));
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
    auto const begin = [&](Connection& connection) {
        snapshot = begin_read(connection, read.stream, known, wait);
    };
    std::unique_ptr<Connection> connection = with_session(wait, begin);
    return std::make_unique<TableReader>(host_, metrics_, spare_, std::move(connection),
                                         std::move(snapshot), read);
}

}  // namespace weir::postgres
