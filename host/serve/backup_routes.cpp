#include "host/serve/backup_routes.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "host/serve/host_route.hpp"
#include "host/store/care.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// "state-20261126T054351Z.db"
std::string name_of(std::int64_t unix_us) {
    std::string time = rfc3339(unix_us).substr(0, 19);
    std::erase_if(time, [](char c) { return c == '-' || c == ':'; });
    return "state-" + time + "Z.db";
}

bool is_file_name(std::string const& name) {
    return !name.empty() && name.size() <= 200 && name.front() != '.' &&
           std::ranges::all_of(name, [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' ||
                      c == '.';
           });
}

http::Response back_up_now(std::filesystem::path const& directory, Clock const& clock,
                           http::Request const& request) {
    std::string const name = request.json.value("file", name_of(clock.unix_us()));
    if (!is_file_name(name))
        return http::problem(Error{WEIR_E_CONFIG, "backup.file_name",
                                   fmt::format("\"{}\" is no name of a file: letters, digits, and "
                                               "- _ . behind the first",
                                               name),
                                   "/file"});
    std::filesystem::path const folder = directory / "backups";
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
        return http::problem(Error{WEIR_E_IO, "backup.not_written",
                                   fmt::format("{} cannot be made: {}", folder.string(),
                                               std::strerror(errno))});
    Result<std::uint64_t> const bytes = back_up(directory / "state.db", folder / name);
    if (!bytes) return http::problem(bytes.error());
    return http::json_response(201, {{"file", (folder / name).string()},
                                     {"bytes", *bytes},
                                     {"at", rfc3339(clock.unix_us())}});
}

}  // namespace

std::vector<http::Route> backup_routes(std::filesystem::path data_directory, Clock const& clock) {
    Json const schema{{"type", "object"},
                      {"properties",
                       {{"file", {{"type", "string"},
                                  {"description", "Its name in DIR/backups; default: the time"}}}}},
                      {"additionalProperties", false}};
    http::Route route = host_route(
        "POST", "/backup", http::Scope::admin, "Copies the state while the host works",
        [directory = std::move(data_directory), &clock](http::Request const& request) {
            return back_up_now(directory, clock, request);
        },
        schema);
    route.waits = true;
    return {route};
}

}  // namespace weir::host
