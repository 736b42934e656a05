#include "host/abi/module_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "host/abi/utf8.hpp"
#include "host/core/harmless.hpp"
#include "weir/service.h"
#include "weir/sink.h"
#include "weir/source.h"

namespace weir::host {

namespace {

// A member that is beyond struct_size counts as null: zero means absent.
#define MISSING(p, T, m) (!WEIR_HAS(p, T, m))

std::optional<Error> incomplete(std::string what) {
    return Error{WEIR_E_CONFIG, "plugin.incomplete", std::move(what)};
}

bool is_name(char const* text) { return text && *text && is_utf8(text); }

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// Ids stand in paths of URLs and of files, in configurations and on terminals.
bool is_id(std::string_view id) {
    auto const is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
    auto const fits = [&](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    return id.size() <= id_bytes_max && is_letter(id.front()) && std::ranges::all_of(id, fits);
}

/// The beginning of `text`, as it may stand in a sentence.
std::string shown(std::string_view text) {
    constexpr std::size_t shown_max = 60;
    std::string out = harmless(mend_utf8(text.substr(0, shown_max)));
    std::ranges::replace(out, '\n', ' ');
    return out;
}

std::optional<Error> no_id(std::string_view whose, std::string_view id) {
    return Error{WEIR_E_CONFIG, "plugin.incomplete",
                 fmt::format("has {} whose id \"{}\" is none: a letter, and then letters, digits, "
                             "\".\", \"_\" and \"-\", at most {} in all",
                             whose, shown(id), id_bytes_max)};
}

/// A text for people that is one line of UTF-8.
bool is_line(char const* text) {
    return is_utf8(text) && std::ranges::none_of(std::string_view{text}, is_control);
}

std::optional<Error> check_versions(weir_module const& module) {
    if (module.abi_major != WEIR_ABI_MAJOR)
        return Error{
            WEIR_E_CONFIG, "plugin.abi_major",
            fmt::format("is built for ABI {}.{}; this Weir has {}.{}, and the majors must "
                        "be equal: build it again",
                        module.abi_major, module.abi_minor, WEIR_ABI_MAJOR, WEIR_ABI_MINOR)};
    if (WEIR_ABI_MAJOR == 0 && module.abi_minor != WEIR_ABI_MINOR)
        return Error{
            WEIR_E_CONFIG, "plugin.abi_minor",
            fmt::format("is built for ABI {}.{}; this Weir has {}.{}, and until 1.0 the "
                        "minors must be equal too: build it again",
                        module.abi_major, module.abi_minor, WEIR_ABI_MAJOR, WEIR_ABI_MINOR)};
    return std::nullopt;
}

char const* missing_of(weir_source const* table) {
    if (MISSING(table, weir_source, discover)) return "discover";
    if (MISSING(table, weir_source, open)) return "open";
    if (MISSING(table, weir_source, schema)) return "schema";
    if (MISSING(table, weir_source, next)) return "next";
    if (MISSING(table, weir_source, close)) return "close";
    return nullptr;
}

char const* missing_of(weir_sink const* table) {
    if (MISSING(table, weir_sink, prepare)) return "prepare";
    if (MISSING(table, weir_sink, begin)) return "begin";
    if (MISSING(table, weir_sink, write)) return "write";
    if (MISSING(table, weir_sink, commit)) return "commit";
    if (MISSING(table, weir_sink, peek)) return "peek";
    if (MISSING(table, weir_sink, close)) return "close";
    return nullptr;
}

// Every member may be null: what is declared needs its member, and manifest.cpp has that.
char const* missing_of(weir_service const*) { return nullptr; }

char const* missing_of(weir_component const* component) {
    if (MISSING(component, weir_component, roles)) return "roles";
    if (MISSING(component, weir_component, title)) return "title";
    if (MISSING(component, weir_component, config_schema)) return "config_schema";
    if (MISSING(component, weir_component, create)) return "create";
    if (MISSING(component, weir_component, destroy)) return "destroy";
    if (MISSING(component, weir_component, iface)) return "iface";
    return nullptr;
}

template <class Table>
std::optional<Error> check_table(weir_component const& component, char const* id) {
    auto const* table = static_cast<Table const*>(component.iface(id));
    if (!table)
        return incomplete(
            fmt::format("has the component {} that does not offer {}, though its "
                        "roles say so",
                        component.id, id));
    if (char const* member = missing_of(table))
        return incomplete(
            fmt::format("has the component {} whose table {} lacks the required "
                        "member {}",
                        component.id, id, member));
    return std::nullopt;
}

std::optional<Error> check_component(weir_component const* component, std::uint32_t index) {
    if (MISSING(component, weir_component, id) || !is_name(component->id))
        return incomplete(fmt::format("lacks the required member id of component {}", index));
    if (!is_id(component->id)) return no_id("a component", component->id);
    if (char const* member = missing_of(component))
        return incomplete(fmt::format("has the component {} that lacks the required member {}",
                                      component->id, member));
    if (!is_line(component->title))
        return incomplete(fmt::format(
            "has the component {} whose title \"{}\" is not one line of UTF-8", component->id,
            shown(component->title)));
    if (!(component->roles & (WEIR_ROLE_SOURCE | WEIR_ROLE_SINK | WEIR_ROLE_SERVICE)))
        return incomplete(fmt::format(
            "has the component {} that is neither source nor sink nor service", component->id));
    if (component->roles & WEIR_ROLE_SOURCE)
        if (auto error = check_table<weir_source>(*component, "weir.source/1")) return error;
    if (component->roles & WEIR_ROLE_SINK)
        if (auto error = check_table<weir_sink>(*component, "weir.sink/1")) return error;
    if (component->roles & WEIR_ROLE_SERVICE)
        if (auto error = check_table<weir_service>(*component, "weir.service/1")) return error;
    return std::nullopt;
}

#undef MISSING

}  // namespace

std::optional<Error> check_module(weir_module const* module) {
    if (!module)
        return Error{WEIR_E_CONFIG, "plugin.refuses_host",
                     fmt::format("refuses this Weir, which has ABI {}.{}: build it again",
                                 WEIR_ABI_MAJOR, WEIR_ABI_MINOR)};
    if (!WEIR_FITS(module, weir_module, components))
        return incomplete(
            fmt::format("answers a weir_module of {} bytes, too short for the "
                        "required member components",
                        module->struct_size));
    if (auto error = check_versions(*module)) return error;
    if (!is_name(module->id)) return incomplete("lacks the required member id of weir_module");
    if (!is_id(module->id)) return no_id("a weir_module", module->id);
    if (!is_name(module->version))
        return incomplete("lacks the required member version of weir_module");
    if (!is_line(module->version))
        return incomplete(fmt::format("has a weir_module whose version \"{}\" is not one line",
                                      shown(module->version)));
    if (!module->components || module->component_count == 0)
        return incomplete("lacks the required member components of weir_module");
    if (module->component_count > components_max)
        return incomplete(fmt::format("has {} components; at most {} are possible",
                                      module->component_count, components_max));
    std::set<std::string> seen;
    for (std::uint32_t i = 0; i < module->component_count; ++i) {
        if (auto error = check_component(module->components[i], i)) return error;
        if (!seen.insert(module->components[i]->id).second)
            return incomplete(fmt::format("has two components {}", module->components[i]->id));
    }
    return std::nullopt;
}

}  // namespace weir::host
