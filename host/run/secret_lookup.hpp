#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/core/error.hpp"

namespace weir::host {

/// Where `${secret:NAME}` comes from; the composition root has one. Thread-safe.
class SecretLookup {
public:
    virtual ~SecretLookup() = default;
    /// The secret `name` of plugin `owner`; nothing: there is none.
    virtual Result<std::optional<std::string>> find(std::string const& owner,
                                                    std::string const& name) = 0;
    /// Whether `file` holds state or keys of the host: it is nobody's data.
    virtual bool is_own_file(std::filesystem::path const&) const { return false; }
};

}  // namespace weir::host
