#pragma once

#include <array>
#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>

#include "service.hpp"
#include "sink.hpp"
#include "source.hpp"

namespace weir {

/// What a component says of itself; all static text. See weir_component.
struct About {
    char const* id;
    char const* title;
    char const* config_schema;
    char const* meta_json = "{}";
    /// [{"code","title","cause","remedy"}]: what its error codes mean; becomes `errors` of
    /// meta_json.
    char const* errors_json = nullptr;
};

namespace detail {

template <class Instance>
concept Describes = requires(Instance const& instance) {
    { instance.describe() } -> std::convertible_to<Json>;
};
template <class Instance>
concept Interrupts = requires(Instance& instance) {
    instance.interrupt();
};

template <class Instance>
weir_lifecycle const* lifecycle_table() {
    static weir_lifecycle const table = [] {
        weir_lifecycle out{};
        out.struct_size = sizeof out;
        if constexpr (Describes<Instance>)
            out.describe = [](weir_instance* instance, weir_out const* json, weir_error* error) {
                return barrier(error, [&] {
                    Json const answer = reinterpret_cast<Instance*>(instance)->describe();
                    write_out(json, answer.dump());
                    return WEIR_OK;
                });
            };
        if constexpr (Interrupts<Instance>)
            out.interrupt = [](weir_instance* instance) {
                reinterpret_cast<Instance*>(instance)->interrupt();
            };
        return out;
    }();
    return &table;
}

template <class Instance>
void const* iface(char const* id) {
    std::string_view const wanted{id};
    if constexpr (std::is_base_of_v<Source, Instance>)
        if (wanted == "weir.source/1") return source_table<Instance>();
    if constexpr (std::is_base_of_v<Sink, Instance>)
        if (wanted == "weir.sink/1") return sink_table<Instance>();
    if constexpr (std::is_base_of_v<Service, Instance>)
        if (wanted == "weir.service/1") return service_table<Instance>();
    if (wanted == "weir.lifecycle/1") return lifecycle_table<Instance>();
    return nullptr;
}

/// meta_json, an object, with `errors` in it.
inline std::string whole_meta(About const& about) {
    std::string meta = about.meta_json;
    if (!about.errors_json) return meta;
    meta.erase(meta.find_last_of('}'));
    bool const is_empty = meta.find_last_of('"') == std::string::npos;
    return meta + (is_empty ? "" : ",") + "\"errors\":" + about.errors_json + "}";
}

template <class Instance>
weir_component const* component(About const& about, std::uint32_t roles) {
    static std::string const meta = whole_meta(about);
    static weir_component const made{
        sizeof(weir_component),
        0,
        roles,
        0,
        about.id,
        about.title,
        about.config_schema,
        meta.c_str(),
        [](weir_host const* host, char const* config, weir_instance** out, weir_error* error) {
            return barrier(error, [&] {
                auto instance = std::make_unique<Instance>(Host{host}, Config{config});
                *out = reinterpret_cast<weir_instance*>(instance.release());
                return WEIR_OK;
            });
        },
        [](weir_instance* instance) { delete reinterpret_cast<Instance*>(instance); },
        [](char const* id) { return iface<Instance>(id); }};
    return &made;
}

}  // namespace detail

/// A component of class `Instance`, which derives from Source, Sink or both, is constructed from
/// (Host, Config), and may have `Json describe() const` and `void interrupt() noexcept`.
template <class Instance>
weir_component const* connector(About const& about) {
    constexpr std::uint32_t roles =
        (std::is_base_of_v<Source, Instance> ? std::uint32_t{WEIR_ROLE_SOURCE} : 0u) |
        (std::is_base_of_v<Sink, Instance> ? std::uint32_t{WEIR_ROLE_SINK} : 0u);
    return detail::component<Instance>(about, roles);
}

/// A component of class `Instance`, which derives from Service and is constructed from
/// (Host, Config). What it answers stands in `meta_json`; see sdk/README.md.
template <class Instance>
weir_component const* service(About const& about) {
    static_assert(std::is_base_of_v<Service, Instance>);
    return detail::component<Instance>(about, WEIR_ROLE_SERVICE);
}

}  // namespace weir

/// Defines the one exported symbol: WEIR_PLUGIN("com.example.acme", "1.0.0", components...).
#define WEIR_PLUGIN(plugin_id, plugin_version, ...)                                             \
    extern "C" weir_module const* weir_module_entry(std::uint32_t major, std::uint32_t minor) { \
        if (major != WEIR_ABI_MAJOR || (WEIR_ABI_MAJOR == 0 && minor != WEIR_ABI_MINOR))        \
            return nullptr;                                                                     \
        static weir_component const* const components[] = {__VA_ARGS__};                        \
        static weir_module const module{sizeof(weir_module),                                    \
                                        0,                                                      \
                                        WEIR_ABI_MAJOR,                                         \
                                        WEIR_ABI_MINOR,                                         \
                                        plugin_id,                                              \
                                        plugin_version,                                         \
                                        static_cast<std::uint32_t>(std::size(components)),      \
                                        0,                                                      \
                                        components};                                            \
        return &module;                                                                         \
    }
