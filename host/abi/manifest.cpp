#include "host/abi/manifest.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/abi/trust.hpp"
#include "weir/service.h"

namespace weir::host {

namespace {

using Json = nlohmann::json;

Error bad(std::string sentence) {
    return Error{WEIR_E_CONFIG, "plugin.manifest", std::move(sentence)};
}

/// `error`, a sentence about the component `id`, as one about its library.
Error of_component(std::string const& id, Error error) {
    error.message = fmt::format("has the component {} that {}", id, error.message);
    return error;
}

bool is_scheme(Json const& value) {
    if (!value.is_string()) return false;
    std::string const& text = value.get_ref<std::string const&>();
    auto const is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.' ||
               c == '_';  // in names of connectors too
    });
}

Result<std::vector<std::string>> schemes_of(Json const& meta) {
    std::vector<std::string> out;
    auto const found = meta.find("schemes");
    if (found == meta.end()) return out;
    if (!found->is_array() || !std::ranges::all_of(*found, is_scheme))
        return bad("has \"schemes\" in its meta_json that are no list of schemes of URLs, as "
                   "[\"acme\"]: a letter, then letters, digits, \"+\", \"-\", \".\" and \"_\", all "
                   "small");
    return found->get<std::vector<std::string>>();
}

/// Its error, if that of `meta` cannot be meant.
std::optional<Error> read_placement(Json const& meta) {
    auto const found = meta.find("placement");
    if (found == meta.end() || *found == "child") return std::nullopt;
    return bad("has a \"placement\" in its meta_json that is not \"child\"");
}

/// What connectors and services may both declare; its error, if it cannot be meant.
std::optional<Error> read_both(ComponentInfo& info) {
    Result<std::vector<std::string>> schemes = schemes_of(info.meta);
    if (!schemes) return schemes.error();
    info.schemes = std::move(*schemes);
    if (auto wrong = read_placement(info.meta)) return wrong;
    Result<std::vector<DeclaredError>> errors = read_declared_errors(info.meta);
    if (!errors) return errors.error();
    info.errors = std::move(*errors);
    return std::nullopt;
}

/// What `component` declares, and whether its table answers it.
Result<Declared> declared_by(weir_component const& component, Json const& meta) {
    Result<Declared> declared = read_declared(meta);
    if (!declared) return declared;
    auto const* table = static_cast<weir_service const*>(component.iface("weir.service/1"));
    char const* missing = nullptr;
    if (!declared->routes.empty() && !WEIR_HAS(table, weir_service, on_http)) missing = "on_http";
    if (!declared->topics.empty() && !WEIR_HAS(table, weir_service, on_event)) missing = "on_event";
    if (!declared->methods.empty() && !WEIR_HAS(table, weir_service, on_invoke))
        missing = "on_invoke";
    if (declared->timer && !WEIR_HAS(table, weir_service, on_timer)) missing = "on_timer";
    if (!missing) return declared;
    return Error{WEIR_E_CONFIG, "plugin.incomplete",
                 fmt::format("declares what the member {} of its table weir.service/1 would "
                             "answer, and that is null",
                             missing)};
}

Result<ComponentInfo> describe_component(weir_component const& component) {
    ComponentInfo info;
    info.id = component.id;
    info.title = component.title;
    info.roles = component.roles & (WEIR_ROLE_SOURCE | WEIR_ROLE_SINK | WEIR_ROLE_SERVICE);
    info.config_schema = Json::parse(component.config_schema, nullptr, false);
    if (!info.config_schema.is_object())
        return bad(
            fmt::format("has the component {} whose config_schema is no JSON object", info.id));
    info.meta = Json::parse(component.meta_json ? component.meta_json : "{}", nullptr, false);
    if (!info.meta.is_object())
        return bad(fmt::format("has the component {} whose meta_json is no JSON object", info.id));
    if (auto wrong = read_both(info)) return of_component(info.id, *wrong);
    if (!info.is_service()) return info;
    Result<Declared> declared = declared_by(component, info.meta);
    if (!declared) return of_component(info.id, declared.error());
    info.declared = std::move(*declared);
    return info;
}

Json to_json(ComponentInfo const& info) {
    Json roles = Json::array();
    if (info.roles & WEIR_ROLE_SOURCE) roles.push_back("source");
    if (info.roles & WEIR_ROLE_SINK) roles.push_back("sink");
    if (info.roles & WEIR_ROLE_SERVICE) roles.push_back("service");
    return {{"id", info.id},
            {"title", info.title},
            {"roles", roles},
            {"config_schema", info.config_schema},
            {"meta", info.meta}};
}

Result<ComponentInfo> component_of(Json const& json) {
    ComponentInfo info;
    info.id = json.at("id").get<std::string>();
    info.title = json.at("title").get<std::string>();
    for (Json const& role : json.at("roles")) {
        if (role == "source") info.roles |= WEIR_ROLE_SOURCE;
        if (role == "sink") info.roles |= WEIR_ROLE_SINK;
        if (role == "service") info.roles |= WEIR_ROLE_SERVICE;
    }
    info.config_schema = json.at("config_schema");
    info.meta = json.at("meta");
    if (auto wrong = read_both(info)) return of_component(info.id, *wrong);
    if (!info.is_service()) return info;
    Result<Declared> declared = read_declared(info.meta);
    if (!declared) return of_component(info.id, declared.error());
    info.declared = std::move(*declared);
    return info;
}

Result<Manifest> manifest_of(Json const& json) {
    Manifest manifest;
    manifest.abi_major = json.at("abi").at("major").get<std::uint32_t>();
    manifest.abi_minor = json.at("abi").at("minor").get<std::uint32_t>();
    manifest.id = json.at("id").get<std::string>();
    manifest.version = json.at("version").get<std::string>();
    manifest.file = json.at("file").get<std::string>();
    manifest.sha256 = json.at("sha256").get<std::string>();
    for (Json const& component : json.at("components")) {
        Result<ComponentInfo> info = component_of(component);
        if (!info) return info.error();
        manifest.components.push_back(std::move(*info));
    }
    return manifest;
}

std::string differs(std::string_view what, std::string_view written, std::string_view found) {
    if (written == found) return {};
    return fmt::format("says {} {} where the library says {}", what, written, found);
}

}  // namespace

Result<Manifest> describe_module(weir_module const& module, std::string file, std::string sha256) {
    Manifest out{module.abi_major, module.abi_minor,  module.id, module.version,
                 std::move(file),  std::move(sha256), {}};
    for (std::uint32_t i = 0; i < module.component_count; ++i) {
        Result<ComponentInfo> info = describe_component(*module.components[i]);
        if (!info) return info.error();
        out.components.push_back(std::move(*info));
    }
    return out;
}

std::string to_json(Manifest const& manifest) {
    Json components = Json::array();
    for (ComponentInfo const& info : manifest.components) components.push_back(to_json(info));
    Json const out{{"abi", {{"major", manifest.abi_major}, {"minor", manifest.abi_minor}}},
                   {"id", manifest.id},
                   {"version", manifest.version},
                   {"file", manifest.file},
                   {"sha256", manifest.sha256},
                   {"components", components}};
    // The name of a file may be any bytes.
    return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Manifest> parse_manifest(std::string const& text) {
    try {
        return manifest_of(Json::parse(text));
    } catch (Json::exception const& error) {
        return bad(fmt::format("says of itself what is no manifest: {}", error.what()));
    }
}

Result<std::optional<Manifest>> read_manifest_beside(std::filesystem::path const& library) {
    std::filesystem::path path = library;
    path.replace_extension(".json");
    std::error_code ignored;
    if (!std::filesystem::exists(std::filesystem::symlink_status(path, ignored)))
        return std::optional<Manifest>{};
    Result<TrustedFile> const file = read_trusted(path);
    if (!file) return file.error();
    auto const* text = reinterpret_cast<char const*>(file->bytes.data());
    try {
        Result<Manifest> manifest = manifest_of(Json::parse(text, text + file->bytes.size()));
        if (manifest) return std::optional{std::move(*manifest)};
        Error error = manifest.error();
        error.message = fmt::format("{} {}", path.string(), error.message);
        return error;
    } catch (Json::exception const& error) {
        return bad(fmt::format("{} is no manifest: {}; run: weir-runner --describe {} --output {}",
                               path.string(), error.what(), library.string(), path.string()));
    }
}

std::string difference(Manifest const& written, Manifest const& found) {
    auto abi = [](Manifest const& of) { return fmt::format("{}.{}", of.abi_major, of.abi_minor); };
    if (std::string why = differs("id", written.id, found.id); !why.empty()) return why;
    if (std::string why = differs("version", written.version, found.version); !why.empty())
        return why;
    if (std::string why = differs("abi", abi(written), abi(found)); !why.empty()) return why;
    if (written.components.size() != found.components.size())
        return fmt::format("lists {} components where the library has {}",
                           written.components.size(), found.components.size());
    for (std::size_t i = 0; i < found.components.size(); ++i)
        if (to_json(written.components[i]) != to_json(found.components[i]))
            return fmt::format("describes the component {} otherwise than the library",
                               found.components[i].id);
    return {};
}

}  // namespace weir::host
