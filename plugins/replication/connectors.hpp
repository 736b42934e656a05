#pragma once

#include <string>
#include <vector>

#include "context.hpp"

namespace weir::replication {

/// The connectors that are loaded now, as connectors/1 lists them. A value, asked for once per
/// request.
class Connectors {
public:
    Connectors(Call const& call, Context const& context);

    bool has(std::string const& type) const;
    /// Whether it is loaded and cannot be a "source", or a "sink".
    bool lacks(std::string const& type, std::string const& role) const;
    /// Whether it is loaded and cannot compare a target with its source.
    bool cannot_reconcile(Call const& call, std::string const& type) const;
    /// JSON Schema of its configuration; an empty schema when it is not loaded.
    Json schema(std::string const& type) const;
    /// A finding at `pointer` unless it is loaded: "connector.not_loaded" for one that Weir knows
    /// of, "connector.unknown" with the nearest name for any other. `said`: as the user wrote it.
    void check(std::string const& type, std::string const& said, std::string const& pointer,
               Findings& findings) const;
    /// The connector that reads URLs of this kind; empty: none.
    std::string for_url(std::string const& url) const;

private:
    std::vector<std::string> names() const;

    Context const& context_;
    Json by_type_ = Json::object();
};

/// What stands for a schema where there is none: members that are secrets by their name.
Json const& unknown_schema();

}  // namespace weir::replication
