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

std::uint64_t revision(Json const& change) {
    auto const found = change.find("if_revision");
    if (found == change.end()) return WEIR_REVISION_ANY;
    if (found->is_number_unsigned()) return found->get<std::uint64_t>();
    throw wrong("store.changes", "the if_revision of a change is no revision");
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

/// "noun/1" of "noun/1:…"; empty: the topic is of no service.
std::string_view service_of(std::string_view topic) {
    std::string_view const owner = topic.substr(0, topic.find(':'));
    bool const is_of_a_service = owner.size() < topic.size() && owner.find('/') != owner.npos;
    return is_of_a_service ? owner : std::string_view{};
}

/// Takes each change as soon as the parser has it, so that a step of ten thousand is never held as
/// JSON. Throws what is wrong with one.
class ChangeReader {
public:
    explicit ChangeReader(HostTable const& table) : table_{table} {}

    /// Of Json::parse: false drops `parsed`.
    bool take(int depth, Json::parse_event_t event, Json& parsed) {
        using Event = Json::parse_event_t;
        if (depth == 1 && event == Event::key) kind_ = parsed.get<std::string>();
        if (depth == 1 && event == Event::key) check_kind();
        if (depth == 1 && event == Event::array_start) is_list_ = true;
        if (depth == 1 && event == Event::array_end) is_list_ = false;
        if (depth != 2 || event != Event::object_end || !is_list_) return true;
        add(parsed);
        return false;
    }
    /// What is left over of `all` was no change.
    StoreService::Changes taken(Json const& all) {
        for (auto const& [kind, left] : all.items()) {
            if (!left.is_array()) throw wrong("store.changes", fmt::format("{} is no list", kind));
            if (!left.empty())
                throw wrong("store.changes",
                            fmt::format("{} holds a change that is no object", kind));
        }
        return std::move(changes_);
    }

private:
    void check_kind() const {
        if (kind_ != "put" && kind_ != "del" && kind_ != "drop" && kind_ != "publish")
            throw wrong("store.changes",
                        fmt::format("{} is no kind of change; put, del, drop and publish are",
                                    kind_));
    }
    void add(Json const& change) {
        std::size_t count = 0;
        if (kind_ == "put")
            count = put(change);
        else if (kind_ == "del")
            count = remove(change);
        else if (kind_ == "drop")
            count = drop(change);
        else
            count = publish(change);
        if (count > changes_max)
            throw wrong("store.changes",
                        fmt::format("more than {} changes of the kind {} at once", changes_max,
                                    kind_));
    }
    std::size_t put(Json const& change) {
        changes_.puts.push_back({member(change, "collection"), member(change, "key"),
                                 value(change, "value"), revision(change)});
        return changes_.puts.size();
    }
    std::size_t remove(Json const& change) {
        changes_.deletes.push_back({member(change, "collection"), member(change, "key")});
        return changes_.deletes.size();
    }
    std::size_t drop(Json const& change) {
        std::string name = member(change, "topic");
        if (Result<void> const fits = own_topic(table_, name.c_str()); !fits) throw fits.error();
        changes_.drops.push_back(std::move(name));
        return changes_.drops.size();
    }
    std::size_t publish(Json const& change) {
        std::string name = member(change, "topic");
        if (Result<void> const fits = topic(table_, name.c_str()); !fits) throw fits.error();
        changes_.events.push_back(
            {std::move(name), member(change, "dedupe_key", false), value(change, "data")});
        return changes_.events.size();
    }

    HostTable const& table_;
    StoreService::Changes changes_;
    std::string kind_;
    bool is_list_ = false;
};

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
    std::string_view const owner = service_of(text);
    if (owner.empty() || table.provides(owner)) return {};
    return Error{WEIR_E_AUTH, "bus.topic",
                 fmt::format("the topic {} belongs to who provides {}, and {} does not", text,
                             owner, table.plugin())};
}

Result<void> own_topic(HostTable const& table, char const* value) {
    if (Result<void> const fits = topic(table, value); !fits || !service_of(value).empty())
        return fits;
    return Error{WEIR_E_AUTH, "bus.topic",
                 fmt::format("the topic {} is of no service, and whoever publishes on it may: only "
                             "topics like noun/1:… are dropped",
                             value)};
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
    try {
        ChangeReader reader{table};
        auto const take = [&](int depth, Json::parse_event_t event, Json& parsed) {
            return reader.take(depth, event, parsed);
        };
        Json const all = Json::parse(changes_json, changes_json + size, take, false);
        if (all.is_object()) return reader.taken(all);
        return Error{WEIR_E_DATA, "service.not_json", "changes_json is no JSON object"};
    } catch (Error const& error) {
        return error;
    }
}

Result<void> answer(weir_out const* out, std::string const& text) {
    if (!WEIR_HAS(out, weir_out, write)) return missing("out");
    weir_status const status = out->write(out->ctx, text.data(), text.size());
    if (status >= 0) return {};
    return Error{status, "service.not_taken",
                 fmt::format("the answer of {} bytes was not taken by the plugin", text.size())};
}

}  // namespace weir::host::asked
