#include "host/abi/asked.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cstring>

#include "host/abi/host_services.hpp"
#include "host/abi/utf8.hpp"

namespace weir::host::asked {

namespace {

using Json = nlohmann::json;

Error wrong(char const* code, std::string sentence) {
    return Error{WEIR_E_CONFIG, code, std::move(sentence)};
}

bool has_control(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

/// Text under `key` of one change; thrown and caught below.
std::string member(Json const& change, char const* key, bool is_required = true) {
    auto const found = change.find(key);
    if (found == change.end() && !is_required) return {};
    if (found == change.end() || !found->is_string())
        throw wrong("store.changes", fmt::format("a change has no {}, which must be text", key));
    auto const& value = found->get_ref<std::string const&>();
    bool const has_nul = value.find('\0') != value.npos;
    Result<void> const fits = is_required ? name(value.c_str(), key) : text(value.c_str(), key);
    if (!fits) throw fits.error();
    if (has_nul) throw wrong("service.name", fmt::format("{} has a control character", key));
    return value;
}

std::string value(Json const& change, char const* key) {
    auto const found = change.find(key);
    if (found == change.end()) throw wrong("store.changes", fmt::format("a change has no {}", key));
    std::string text = found->dump();
    if (text.size() > json_bytes_max)
        throw wrong("service.too_large", fmt::format("{} has {} bytes; at most {} are possible",
                                                     key, text.size(), json_bytes_max));
    return text;
}

/// Every change of one kind, which must be an object.
template <class Take>
void each(Json const& all, char const* kind, Take&& take) {
    auto const found = all.find(kind);
    if (found == all.end()) return;
    if (!found->is_array()) throw wrong("store.changes", fmt::format("{} is no list", kind));
    if (found->size() > changes_max)
        throw wrong("store.changes", fmt::format("{} changes at once; at most {} are possible",
                                                 found->size(), changes_max));
    for (Json const& change : *found) {
        if (!change.is_object())
            throw wrong("store.changes", fmt::format("{} holds a change that is no object", kind));
        take(change);
    }
}

StoreService::Changes read_changes(HostTable const& table, Json const& all) {
    for (auto const& [key, ignored] : all.items())
        if (key != "put" && key != "del" && key != "publish")
            throw wrong("store.changes",
                        fmt::format("{} is no kind of change; put, del and publish are", key));
    StoreService::Changes out;
    each(all, "put", [&](Json const& change) {
        out.puts.push_back(
            {member(change, "collection"), member(change, "key"), value(change, "value")});
    });
    each(all, "del", [&](Json const& change) {
        out.deletes.push_back({member(change, "collection"), member(change, "key")});
    });
    each(all, "publish", [&](Json const& change) {
        std::string topic_name = member(change, "topic");
        if (Result<void> const fits = topic(table, topic_name.c_str()); !fits) throw fits.error();
        out.events.push_back(
            {std::move(topic_name), member(change, "dedupe_key", false), value(change, "data")});
    });
    return out;
}

}  // namespace

Result<void> wanted(weir_call const* call) {
    CallContext const* context = CallContext::of(call);
    if (context && context->is_stopped()) return Error{WEIR_E_CANCELLED, "cancelled", "cancelled"};
    if (context && context->is_late())
        return Error{WEIR_E_TIMEOUT, "call.timeout", "the deadline of the call has passed"};
    return {};
}

Error missing(char const* what) {
    return wrong("service.missing", fmt::format("{} is null", what));
}

Result<void> text(char const* value, char const* what) {
    if (!value) return {};
    std::size_t const size = ::strnlen(value, name_bytes_max + 1);
    if (size > name_bytes_max)
        return wrong("service.name",
                     fmt::format("{} has more than {} bytes", what, name_bytes_max));
    if (!is_utf8({value, size}) || has_control({value, size}))
        return wrong("service.name",
                     fmt::format("{} has a control character, or is no UTF-8", what));
    return {};
}

Result<void> name(char const* value, char const* what) {
    if (!value || !*value) return wrong("service.name", fmt::format("{} is empty", what));
    return text(value, what);
}

Result<void> secret_name(char const* value) {
    if (Result<void> const fits = name(value, "name"); !fits) return fits;
    std::string_view const text{value};
    bool const is_word = std::all_of(text.begin(), text.end(), [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || std::strchr("._/-", c);
    });
    if (is_word) return {};
    return wrong("secret.name", fmt::format("the secret name \"{}\" is not possible; letters, "
                                            "digits, . _ / - are",
                                            text));
}

Result<void> topic(HostTable const& table, char const* value) {
    if (Result<void> const fits = name(value, "topic"); !fits) return fits;
    std::string_view const text{value};
    if (text.find('*') != text.npos)
        return wrong("bus.topic",
                     fmt::format("the topic {} has a *, which only a subscription may", text));
    for (std::string_view const hosts : {"host.", "plugin.", "run.", "dead_letter.", "config."})
        if (text.starts_with(hosts))
            return Error{WEIR_E_AUTH, "bus.topic",
                         fmt::format("the topic {} is one of the host's", text)};
    std::string_view const owner = text.substr(0, text.find(':'));
    bool const is_of_a_service = owner.size() < text.size() && owner.find('/') != owner.npos;
    if (!is_of_a_service || table.provides(owner)) return {};
    return Error{WEIR_E_AUTH, "bus.topic",
                 fmt::format("the topic {} belongs to who provides {}, and {} does not", text,
                             owner, table.plugin())};
}

Result<std::string> json(void const* data, std::size_t size, char const* what) {
    if (!data || size == 0) return missing(what);
    if (size > json_bytes_max)
        return wrong("service.too_large", fmt::format("{} has {} bytes; at most {} are possible",
                                                      what, size, json_bytes_max));
    std::string text{static_cast<char const*>(data), size};
    if (Json::accept(text)) return text;
    return Error{WEIR_E_DATA, "service.not_json", fmt::format("{} is no JSON", what)};
}

Result<StoreService::Changes> changes(HostTable const& table, char const* changes_json) {
    if (!changes_json) return missing("changes_json");
    std::size_t const size = ::strnlen(changes_json, changes_bytes_max + 1);
    if (size > changes_bytes_max)
        return wrong("service.too_large",
                     fmt::format("changes_json has more than {} bytes", changes_bytes_max));
    Json const all = Json::parse(changes_json, changes_json + size, nullptr, false);
    if (!all.is_object())
        return Error{WEIR_E_DATA, "service.not_json", "changes_json is no JSON object"};
    try {
        return read_changes(table, all);
    } catch (Error const& error) {
        return error;
    }
}

Result<void> answer(weir_out const* out, std::string const& text) {
    if (!WEIR_HAS(out, weir_out, write)) return missing("out");
    weir_status const status = out->write(out->ctx, text.data(), text.size());
    if (status >= 0) return {};
    return Error{status, "service.not_taken",
                 fmt::format("the answer of {} bytes was not taken", text.size())};
}

}  // namespace weir::host::asked
