#include "source.hpp"

#include "streams.hpp"

namespace weir::postgres {

PostgresSource::PostgresSource(Host host, Config const& config)
    : host_{host},
      settings_{config},
      metrics_{host.counter("weir_postgres_bytes_total", "Bytes read from PostgreSQL"),
               host.counter("weir_cursor_future_rows",
                            "Rows whose tracking value lies in the future or at infinity")} {}

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
        std::vector<Result> const found = connection.run(describe_sql(parsed), wait);
        tables = read_tables(found.at(0), found.at(1), found.at(2));
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
