#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "host/abi/declared.hpp"
#include "host/abi/declared_errors.hpp"
#include "host/core/error.hpp"
#include "weir/module.h"

namespace weir::host {

// manifest := {"abi":{"major","minor"}, "id", "version", "file", "sha256",
// "components":[component]}
// component := {"id", "title", "roles":["source","sink","service"], "config_schema":{…},
// "meta":{…}}   meta of a service: see declared.hpp

/// One connector or service as its library describes it.
struct ComponentInfo {
    std::string id, title;
    std::uint32_t roles = 0;  ///< WEIR_ROLE_*
    nlohmann::json config_schema, meta;
    /// URLs of these schemes are configuration enough: {"url":…}.
    std::vector<std::string> schemes;
    std::vector<DeclaredError> errors;  ///< what its codes mean
    /// Of a service; empty otherwise.
    Declared declared;

    bool is_connector() const { return roles & (WEIR_ROLE_SOURCE | WEIR_ROLE_SINK); }
    bool is_service() const { return roles & WEIR_ROLE_SERVICE; }
};

/// What a library says of itself, readable without loading it.
struct Manifest {
    std::uint32_t abi_major = 0, abi_minor = 0;
    std::string id, version, file, sha256;
    std::vector<ComponentInfo> components;
};

/// The manifest of a checked module. E_CONFIG where the JSON texts of a component do not parse, or
/// a service declares what cannot be or what its table has no member for. Calls iface() only.
Result<Manifest> describe_module(weir_module const& module, std::string file, std::string sha256);

std::string to_json(Manifest const& manifest);

/// What to_json() wrote.
Result<Manifest> parse_manifest(std::string const& text);

/// Reads NAME.json beside NAME.so; nothing when there is none.
Result<std::optional<Manifest>> read_manifest_beside(std::filesystem::path const& library);

/// Where the two first differ, as a sentence; empty when they agree.
std::string difference(Manifest const& written, Manifest const& found);

}  // namespace weir::host
