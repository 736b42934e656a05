#include "host/abi/placement.hpp"
#include "host/abi/registry_entry.hpp"

namespace weir::host {

namespace {

weir_component const* find_table(weir_module const& module, std::string_view id) {
    for (std::uint32_t i = 0; i < module.component_count; ++i)
        if (module.components[i]->id == id) return module.components[i];
    return nullptr;
}

template <class Table>
Table const* table_of(weir_component const& component, char const* id, std::uint32_t role) {
    if (role != 0 && !(component.roles & role)) return nullptr;
    return static_cast<Table const*>(component.iface(id));
}

}  // namespace

Component component_of(std::shared_ptr<Generation> const& generation,
                       std::shared_ptr<ComponentInfo const> const& info) {
    if (Contained const* const elsewhere = generation->contained()) {
        Contained::Tables const tables = elsewhere->tables(info->id);
        return Component{generation,  info,           nullptr, tables.source,
                         tables.sink, tables.lifecycle, tables.service};
    }
    weir_component const* table = find_table(generation->module(), info->id);
    return Component{generation,
                     info,
                     table,
                     table_of<weir_source>(*table, "weir.source/1", WEIR_ROLE_SOURCE),
                     table_of<weir_sink>(*table, "weir.sink/1", WEIR_ROLE_SINK),
                     table_of<weir_lifecycle>(*table, "weir.lifecycle/1", 0),
                     table_of<weir_service>(*table, "weir.service/1", WEIR_ROLE_SERVICE)};
}

weir_status Component::create(weir_host const* host, char const* config_json, weir_instance** out,
                              weir_error* error) const {
    if (Contained* const elsewhere = generation->contained())
        return elsewhere->create(info->id, host, config_json, out, error);
    return table->create(host, config_json, out, error);
}

void Component::destroy(weir_instance* instance) const {
    if (Contained* const elsewhere = generation->contained())
        elsewhere->destroy(instance);
    else
        table->destroy(instance);
}

FreshLibrary::FreshLibrary(std::filesystem::path path, LoadedLibrary loaded)
    : path_{std::move(path)},
      manifest_{std::move(loaded.manifest)},
      generation_{std::move(loaded.generation)} {
    for (ComponentInfo const& info : manifest_.components)
        infos_.push_back(std::make_shared<ComponentInfo const>(info));
}

std::vector<Component> FreshLibrary::components() const {
    std::vector<Component> all;
    for (auto const& info : infos_) all.push_back(component_of(generation_, info));
    return all;
}

}  // namespace weir::host
