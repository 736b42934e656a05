#include "source.hpp"

#include "streams.hpp"
#include "structure.hpp"

namespace weir::mysql {

MysqlSource::MysqlSource(Host host, Config const& config)
    : host_{host},
      settings_{config},
      metrics_{host.counter("weir_mysql_bytes_total", "Bytes read from MariaDB and MySQL"),
               host.counter("weir_cursor_future_rows",
                            "Reads that found a tracking value in the future or at infinity"),
               host.counter("weir_cursor_regressed_total",
                            "Reads that found the source behind what was read")} {}

Json MysqlSource::describe() const {
    return {{"identity", settings_.identity()},
            {"formerly", settings_.former_identities()},
            {"lanes", 1},  // one session is one state
            {"lookup", true},
            {"snapshots", true}};
}

void MysqlSource::tell_hidden(Snapshot const& snapshot, Read const& read) {
    if (!snapshot.hides_fields || read.fields) return;
    if (!told_.insert(snapshot.table.stream()).second) return;
    host_.warn(snapshot.table.stream() + " has columns that \"" + settings_.user() +
               "\" may not read: they are left out. GRANT SELECT on the table, or name the fields "
               "to copy");
}

/// Does `work` on the idle session if there is one, on a new one if not, or if the idle one turns
/// out to be gone.
std::unique_ptr<Connection> MysqlSource::with_session(
    Wait const& wait, std::function<void(Connection&)> const& work) {
    if (std::unique_ptr<Connection> idle = spare_->take()) {
        try {
            work(*idle);
            return idle;
        } catch (Error const& error) {
            if (error.code != "mysql.connection_lost") throw;
        }
    }
    auto fresh = std::make_unique<Connection>(settings_, wait);
    work(*fresh);
    return fresh;
}

void MysqlSource::discover(Call const& call, std::string_view pattern, Catalog& catalog) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    std::optional<NamePattern> parsed;
    // Without a pattern: the database of the URL, and where it names none, all of them.
    std::string_view const asked =
        pattern.empty() && !settings_.database().empty() ? std::string_view{"*"} : pattern;
    if (!asked.empty() && !(parsed = parse_name(asked, settings_.database()))) return;
    std::vector<Table> tables;
    std::map<std::pair<std::string, std::string>, Json> structures;
    spare_->keep(with_session(wait, [&](Connection& connection) {
        tables = read_tables(connection, parsed, wait);
        structures = read_structure(connection, parsed, wait);
    }));
    for (Table& table : tables) {
        settings_.overrides().apply_what_fits(table);
        Stream stream = stream_of(table, settings_);
        auto const around = structures.find({table.database, table.name});
        if (around != structures.end()) stream.meta.update(around->second);
        catalog.add(stream);
    }
}

std::unique_ptr<Reader> MysqlSource::open(Call const& call, Read const& read) {
    interrupt_.clear();
    Wait const wait{call, interrupt_};
    // A delta chooses its own moments, which have to come behind a fence.
    if (!read.snapshot.empty() && read.tracking.empty()) return open_shared(read, wait);
    Snapshot snapshot;
    std::unique_ptr<Connection> connection = with_session(
        wait, [&](Connection& it) { snapshot = begin_read(it, read.stream, wait); });
    tell_hidden(snapshot, read);
    return std::make_unique<TableReader>(host_, metrics_, spare_, std::move(connection),
                                         std::move(snapshot), read);
}

/// The first read of a name begins the transaction; the others come into it for as long as one of
/// them is open.
std::unique_ptr<Reader> MysqlSource::open_shared(Read const& read, Wait const& wait) {
    std::erase_if(shared_, [](auto const& entry) { return entry.second.expired(); });
    auto const at = shared_.find(read.snapshot);
    std::shared_ptr<SharedSession> shared = at == shared_.end() ? nullptr : at->second.lock();
    Snapshot snapshot;
    std::unique_ptr<Connection> connection;
    try {
        if (shared) {
            connection = shared->take(wait);
            snapshot = join_read(*connection, read.stream, wait);
        } else {
            connection = with_session(
                wait, [&](Connection& it) { snapshot = begin_read(it, read.stream, wait); });
            shared = std::make_shared<SharedSession>();
            shared_.insert_or_assign(read.snapshot, shared);
        }
    } catch (Error const& error) {
        bool const is_gone =
            error.code == "source.snapshot_lost" || error.code == "mysql.connection_lost";
        if (!shared) throw;
        if (!is_gone) shared->give(std::move(connection));
        if (!is_gone) throw;
        shared_.erase(read.snapshot);
        throw snapshot_lost();
    }
    shared->give(std::move(connection));
    tell_hidden(snapshot, read);
    return std::make_unique<TableReader>(host_, metrics_, std::move(shared), std::move(snapshot),
                                         read);
}

}  // namespace weir::mysql
