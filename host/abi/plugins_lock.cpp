#include "host/abi/plugins_lock.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <tuple>

namespace weir::host {

namespace {

using Json = nlohmann::json;

Error unusable(std::filesystem::path const& file, std::string_view why) {
    return Error{WEIR_E_CONFIG, "plugin.lock_unusable",
                 fmt::format("{} {}; until it is mended no library is loaded", file.string(), why)}
        .suggest("weir plugin lock");
}

bool is_sha256(std::string const& text) {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

std::optional<LockedLibrary> locked(Json const& json) {
    if (!json.is_object()) return std::nullopt;
    LockedLibrary out;
    for (auto const& [name, into] :
         {std::pair{"file", &out.file}, {"id", &out.id}, {"version", &out.version},
          {"sha256", &out.sha256}}) {
        if (!json.contains(name) || !json[name].is_string()) return std::nullopt;
        *into = json[name].get<std::string>();
    }
    return is_sha256(out.sha256) ? std::optional{out} : std::nullopt;
}

}  // namespace

Result<std::vector<LockedLibrary>> read_plugins_lock(std::filesystem::path const& file) {
    // Who may write it may have anything loaded, so it is trusted as a library is.
    Result<TrustedFile> const bytes = read_trusted(file);
    if (!bytes) {
        Error error = bytes.error();
        error.code = "plugin.lock_unusable";
        return error;
    }
    std::string const text{reinterpret_cast<char const*>(bytes->bytes.data()),
                           bytes->bytes.size()};
    Json const json = Json::parse(text, nullptr, false);
    if (!json.is_object() || !json.contains("libraries") || !json["libraries"].is_array())
        return unusable(file, "is no lock of libraries");
    std::vector<LockedLibrary> all;
    for (Json const& each : json["libraries"]) {
        std::optional<LockedLibrary> const library = locked(each);
        if (!library)
            return unusable(file, fmt::format("has an entry {} without file, id, version or sha256",
                                              all.size()));
        all.push_back(*library);
    }
    return all;
}

std::string to_text(std::vector<LockedLibrary> libraries) {
    std::sort(libraries.begin(), libraries.end(), [](auto const& one, auto const& other) {
        return std::tie(one.file, one.sha256) < std::tie(other.file, other.sha256);
    });
    Json list = Json::array();
    for (LockedLibrary const& each : libraries)
        list.push_back({{"file", each.file},
                        {"id", each.id},
                        {"version", each.version},
                        {"sha256", each.sha256}});
    Json const lock{{"libraries", std::move(list)}};
    return lock.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

bool PluginsLock::is_there() const {
    std::error_code failed;
    return !file_.empty() &&
           (is_wanted_ || std::filesystem::exists(std::filesystem::symlink_status(file_, failed)));
}

std::optional<Error> PluginsLock::objection(TrustedFile const& library) const {
    if (!is_there()) return std::nullopt;
    Result<std::vector<LockedLibrary>> const all = read_plugins_lock(file_);
    if (!all) return all.error();
    std::string const name = library.path.filename().string();
    std::string other;
    for (LockedLibrary const& each : *all) {
        if (each.sha256 == library.sha256) return std::nullopt;
        if (each.file == name) other = each.sha256;
    }
    std::string const how =
        other.empty() ? "is not among the libraries of"
                      : fmt::format("is another build than the one (sha256 {:.12}) in", other);
    return Error{WEIR_E_CONFIG, "plugin.not_locked",
                 fmt::format("{} (sha256 {:.12}) {} {}", library.path.string(), library.sha256, how,
                             file_.string())}
        .suggest("weir plugin lock, once you know where it comes from");
}

std::optional<Error> PluginsLock::objection(std::filesystem::path const& library) const {
    if (!is_there()) return std::nullopt;
    Result<TrustedFile> const file = read_trusted(library);
    return file ? objection(*file) : std::nullopt;
}

}  // namespace weir::host
