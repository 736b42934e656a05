#include "short_form.hpp"

#include <algorithm>

#include "fields.hpp"
#include "job.hpp"

namespace weir::replication {
namespace {

std::string connector_of(std::string const& dialect) {
    if (dialect == "postgresql" || dialect == "postgres") return "postgres";
    if (dialect == "mariadb") return "mysql";
    return dialect;
}

bool is_file_database(std::string const& connector) { return connector == "sqlite"; }

/// host, port, user, password, database of one server, or its connection string.
void read_server(Fields& server, std::string const& connector, Json& config) {
    for (char const* const name : {"host", "user", "password", "database", "sslmode"})
        if (auto const value = server.text(name)) config[name] = *value;
    if (auto const port = server.integer("port", 1, 65535)) config["port"] = *port;
    char const* const schema = server.spelling({"defaultSchema", "schema"});
    if (auto const value = server.text(schema)) {
        if (connector == "postgres")
            config["schema"] = *value;
        else
            server.wrong(schema, "replication.bad_value",
                         connector + " has no schemas: leave " + schema + " out");
    }
    char const* const url = server.spelling({"connectionString", "url"});
    auto const text = server.text(url);
    if (!text) {
        if (!server.has("host") && !server.has(url)) server.needed_text("host");
        return;
    }
    config["url"] = *text;
    for (char const* const name : {"host", "port", "user", "password", "database"})
        if (config.contains(name))
            server.wrong(name, "replication.said_twice",
                         std::string{"give either "} + url + " or " + name + ", not both");
}

void read_file(Fields& server, Json& config) {
    char const* const url = server.spelling({"connectionString", "url"});
    char const* const path = server.spelling({"database", "path"});
    auto const said_url = server.text(url), said_path = server.text(path);
    if (said_url) config["url"] = *said_url;
    if (said_path) config["path"] = *said_path;
    if (said_url && said_path)
        server.wrong(url, "replication.said_twice",
                     std::string{"give either "} + url + " or " + path + ", not both");
    if (!server.has(url) && !server.has(path)) server.needed_text("database");
}

/// {"connector","config"} of a source that names its dialect.
Json read_dialect(Json const& document, std::string const& at, Findings& findings) {
    Fields server{document, at, findings};
    std::string const dialect = server.needed_text("dialect");
    std::string const connector = connector_of(dialect);
    Json config = Json::object();
    if (is_file_database(connector))
        read_file(server, config);
    else
        read_server(server, connector, config);
    server.finish();
    return {{"connector", connector}, {"config", std::move(config)}};
}

/// The job both forms mean, once its names are known.
struct Table {
    std::string id, table, target, cursor, cursor_type, schedule;
};

Json local_job(Table const& table) {
    Json source{{"connection", table.id}, {"stream", table.table}};
    if (!table.cursor.empty()) source["cursor"] = table.cursor;
    if (!table.cursor_type.empty()) source["cursor_type"] = table.cursor_type;
    Json job{{"id", table.id},
             {"source", std::move(source)},
             {"destination",
              {{"connection", "local"},
               {"table", table.target.empty() ? last_name_part(table.table) : table.target}}}};
    if (!table.schedule.empty()) job["schedule"] = table.schedule;
    return job;
}

/// The id of job and connection: the name that the form gives.
std::string read_name(Fields& form) {
    auto const id = form.id("name");
    if (!id && !form.has("name")) form.needed_text("name");
    return id.value_or("");
}

Json connection_of(std::string const& id, Fields& form, char const* name, Findings& findings) {
    Json out = Json::object();
    if (Json const* const source = form.any(name))
        out = read_dialect(*source, form.pointer(name), findings);
    else
        form.wrong(name, "replication.missing_field", std::string{name} + " is missing");
    out["id"] = id;
    return out;
}

std::int64_t minutes_of(std::string const& schedule) {
    std::size_t const digits = schedule.find_first_not_of("0123456789");
    bool const is_interval =
        digits != 0 && digits != schedule.npos && digits < 10 && digits + 1 == schedule.size();
    if (!is_interval) return 0;
    std::int64_t const count = std::stoll(schedule);
    switch (schedule[digits]) {
        case 'm': return count;
        case 'h': return count * 60;
        case 'd': return count * 1440;
        default: return 0;
    }
}

}  // namespace

bool is_short_form(Json const& document) {
    if (!document.is_object()) return false;
    for (char const* const name : {"table_name", "tracking_col", "cron_tab", "primary_key"})
        if (document.contains(name)) return true;
    return document.contains("source") && document["source"].is_object() &&
           document["source"].contains("dialect");
}

ShortForm read_table_form(Json const& document, Findings& findings) {
    Fields form{document, "", findings};
    Table table;
    table.id = read_name(form);
    table.table = form.needed_text("table_name");
    table.target = form.text("target_table").value_or("");
    table.cursor = form.text("tracking_col").value_or("");
    auto const type = form.one_of("tracking_type", {"timestamp", "id", "text"});
    if (!table.cursor.empty()) table.cursor_type = type.value_or("");
    table.schedule = form.text("cron_tab").value_or("");
    ShortForm out;
    out.connection = connection_of(table.id, form, "source", findings);
    out.job = local_job(table);
    auto const key = form.names("primary_key");
    auto const columns = form.names("columns");
    if (key) out.job["source"]["key"] = *key;
    if (columns) out.job["source"]["fields"] = *columns;
    std::vector<std::string> needs = key.value_or(std::vector<std::string>{});
    if (!table.cursor.empty()) needs.push_back(table.cursor);
    for (std::string const& needed : needs)
        if (columns && std::find(columns->begin(), columns->end(), needed) == columns->end())
            form.wrong("columns", "replication.field_left_out",
                       "columns leaves out \"" + needed + "\", which is the key or is tracked",
                       "add " + needed);
    if (auto const rows = form.integer("batch_size", 1, batch_rows_limit))
        out.job["source"]["batchSize"] = *rows;
    if (auto const zone = form.text("timezone")) out.job["timezone"] = *zone;
    if (auto const active = form.flag("is_active")) out.job["paused"] = !*active;
    form.finish();
    return out;
}

ShortForm read_configure_form(Json const& document, Findings& findings) {
    Fields form{document, "", findings};
    Table table;
    table.id = read_name(form);
    table.table = form.needed_text("sourceTable");
    table.target = form.text("targetTable").value_or("");
    table.cursor = form.text("trackingColumn").value_or("id");
    auto const minutes = form.integer("syncIntervalMinutes", 1, minutes_limit);
    table.schedule = std::to_string(minutes.value_or(60)) + "m";
    ShortForm out;
    out.connection = connection_of(table.id, form, "sourceConfig", findings);
    out.job = local_job(table);
    if (auto const active = form.flag("isActive")) out.job["paused"] = !*active;
    form.finish();
    return out;
}

Json configure_form(Json const& job, Json const& connection) {
    Json config = connection.value("config", Json::object());
    std::string const connector = connection.value("connector", "");
    config["dialect"] = connector == "postgres" ? "postgresql" : connector;
    for (auto const& [ours, theirs] :
         {std::pair{"schema", "defaultSchema"}, std::pair{"url", "connectionString"}})
        if (config.contains(ours)) {
            config[theirs] = config[ours];
            config.erase(ours);
        }
    Json const &source = job["source"], &destination = job["destination"];
    std::string const stream = source.value("stream", "");
    Json out{{"name", job["id"]},
             {"sourceConfig", std::move(config)},
             {"sourceTable", stream},
             {"targetTable", destination.value("table", last_name_part(stream))},
             {"trackingColumn", source.contains("cursor") ? source["cursor"] : Json()},
             {"isActive", !job.value("paused", false)}};
    std::int64_t const minutes = minutes_of(job.value("schedule", ""));
    out["syncIntervalMinutes"] = minutes ? Json(minutes) : Json();
    return out;
}

}  // namespace weir::replication
