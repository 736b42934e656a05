#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/core/finding.hpp"

namespace weir::host {

/// Which files of this machine a token below `admin` may name in a configuration: those below a few
/// directories. The command line, and who may do everything, names any. A value; thread-safe.
class FileReach {
public:
    FileReach() = default;
    /// Relative ones count from where the host was started.
    explicit FileReach(std::vector<std::filesystem::path> roots) : roots_{std::move(roots)} {}

    /// What of `config` is out of reach, "request.file_forbidden" each, by the connector's schema:
    /// members of `"format":"path"`; what follows the scheme of a URL marked `"x-url-file":true`;
    /// parameters of a URL that are none of its `"x-url-parameters"`. Pointers are into `config`.
    std::vector<Finding> beyond(nlohmann::json const& config, nlohmann::json const& schema) const;

    /// A file below one of the roots, or one that may be made there: no link, device or pipe.
    bool holds(std::filesystem::path const& file) const;

private:
    void look(nlohmann::json const& config, nlohmann::json const& schema, std::string const& at,
              std::vector<Finding>& out) const;
    bool is_within(std::string const& text, nlohmann::json const& schema) const;

    std::vector<std::filesystem::path> roots_;
};

}  // namespace weir::host
