#include "connection.hpp"

#include "fields.hpp"

namespace weir::replication {
namespace {

void read_common(Fields& fields, Json& out) {
    if (auto const id = fields.id("id"))
        out["id"] = *id;
    else if (!fields.has("id"))
        fields.needed_text("id");
    if (auto const name = fields.text("name")) out["name"] = *name;
    Json const* const config = fields.object("config");
    out["config"] = config ? *config : Json::object();
    fields.ignore({"status", "origin", "error", "lastSyncAt", "createdAt", "updatedAt", "usedBy",
                   "circuit"});
}

}  // namespace

Json read_connection(Json const& document, Findings& findings) {
    Json out = Json::object();
    Fields fields{document, "", findings};
    read_common(fields, out);
    char const* const connector = fields.spelling({"connector", "connectorId", "type"});
    char const* const integration = fields.spelling({"integration", "integrationId"});
    if (auto const name = fields.text(connector)) out["connector"] = *name;
    if (auto const name = fields.id(integration)) out["integration"] = *name;
    if (!fields.has(connector) && !fields.has(integration)) fields.needed_text("connector");
    fields.finish();
    return out;
}

Json read_integration(Json const& document, Findings& findings) {
    Json out = Json::object();
    Fields fields{document, "", findings};
    read_common(fields, out);
    char const* const connector = fields.spelling({"connector", "connectorId", "type"});
    if (auto const name = fields.text(connector))
        out["connector"] = *name;
    else if (!fields.has(connector))
        fields.needed_text("connector");
    fields.finish();
    return out;
}

Json merged_config(Json const& integration, Json const& connection) {
    Json out = integration;
    for (auto const& [name, value] : connection.items()) out[name] = value;
    return out;
}

}  // namespace weir::replication
