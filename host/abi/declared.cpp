#include "host/abi/declared.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>

#include "host/abi/config_schema.hpp"
#include "host/abi/definitions.hpp"
#include "host/core/text.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

constexpr std::array host_tables{"weir.log/1",     "weir.clock/1", "weir.metrics/1", "weir.store/1",
                                 "weir.secrets/1", "weir.timer/1", "weir.bus/1"};
constexpr std::array methods{"GET", "POST", "PUT", "PATCH", "DELETE"};
constexpr std::array scopes{"none", "ingest", "read", "run", "write", "admin"};
constexpr std::size_t name_bytes_max = 200;

/// Why the declaration cannot be used. Thrown and caught in this file only.
struct Refused {
    Error error;
};

[[noreturn]] void refuse(std::string sentence, std::string suggestion = {},
                         char const* code = "plugin.declaration") {
    throw Refused{Error{WEIR_E_CONFIG, code, std::move(sentence)}.suggest(std::move(suggestion))};
}

template <class Names>
bool is_one_of(Names const& names, std::string_view name) {
    return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

bool is_word(std::string_view text, std::string_view also) {
    return !text.empty() && text.size() <= name_bytes_max &&
           std::all_of(text.begin(), text.end(), [&](char c) {
               bool const is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
               return is_letter || (c >= '0' && c <= '9') || also.find(c) != also.npos;
           });
}

/// "cron/1", "com.example.noun/2".
bool is_service_id(std::string_view id) {
    std::size_t const slash = id.find('/');
    if (slash == id.npos || !is_word(id.substr(0, slash), "._-")) return false;
    std::string_view const revision = id.substr(slash + 1);
    return !revision.empty() && revision.size() < 6 &&
           revision.find_first_not_of("0123456789") == revision.npos;
}

/// One object of a declaration, named for people: "the route run".
class Entry {
public:
    Entry(Json const& json, std::string name) : json_{json}, name_{std::move(name)} {
        if (!json_.is_object()) refuse(fmt::format("declares {} that is no object", name_));
    }

    void allow(std::vector<std::string> const& keys) const {
        for (auto const& [key, value] : json_.items())
            if (!is_one_of(keys, key))
                refuse(fmt::format("declares {} with the unknown key {}; known are {}", name_, key,
                                   fmt::join(keys, ", ")),
                       nearest(key, keys));
    }
    std::string text(char const* key, bool is_required = true) const {
        auto const found = json_.find(key);
        if (found == json_.end() && !is_required) return {};
        if (found == json_.end() || !found->is_string() || found->get<std::string>().empty())
            refuse(fmt::format("declares {} without a {}, which must be text", name_, key));
        return found->get<std::string>();
    }
    bool flag(char const* key, bool fallback) const {
        auto const found = json_.find(key);
        if (found == json_.end()) return fallback;
        if (!found->is_boolean())
            refuse(fmt::format("declares {} whose {} is neither true nor false", name_, key));
        return found->get<bool>();
    }
    Json const& list(char const* key) const {
        static Json const nothing = Json::array();
        auto const found = json_.find(key);
        if (found == json_.end()) return nothing;
        if (!found->is_array()) refuse(fmt::format("declares {} whose {} is no list", name_, key));
        if (found->size() > Declared::entries_max)
            refuse(fmt::format("declares {} {}; at most {} are possible", found->size(), key,
                               Declared::entries_max));
        return *found;
    }
    std::vector<std::string> names(char const* key) const {
        std::vector<std::string> out;
        for (Json const& name : list(key)) {
            if (!name.is_string())
                refuse(fmt::format("declares {} whose {} holds {}, which is no text", name_, key,
                                   name.dump(-1, ' ', true, Json::error_handler_t::replace)));
            if (is_one_of(out, name.get<std::string>()))
                refuse(fmt::format("declares {} twice in {}", name.get<std::string>(), key));
            out.push_back(name.get<std::string>());
        }
        return out;
    }
    Json schema(char const* key) const {
        auto const found = json_.find(key);
        if (found == json_.end() || found->is_null()) return nullptr;
        std::vector<std::string> const findings = check_schema_profile(*found);
        if (!findings.empty())
            refuse(fmt::format("declares {} whose {} is no schema of the profile: {}", name_, key,
                               findings.front()));
        return *found;
    }
    Json object(char const* key) const {
        auto const found = json_.find(key);
        if (found == json_.end()) return nullptr;
        if (!found->is_object())
            refuse(fmt::format("declares {} whose {} is no object", name_, key));
        return *found;
    }
    std::vector<unsigned> statuses(char const* key) const {
        std::vector<unsigned> out;
        for (Json const& status : list(key)) {
            if (!status.is_number_integer() || status < 200 || status > 299)
                refuse(fmt::format("declares {} whose {} holds {}, which is no status from 200 to "
                                   "299",
                                   name_, key, status.dump()));
            out.push_back(status.get<unsigned>());
        }
        return out;
    }
    std::size_t bytes(char const* key, std::size_t fallback) const {
        auto const found = json_.find(key);
        if (found == json_.end()) return fallback;
        bool const fits =
            found->is_number_integer() && *found > 0 && *found <= Declared::body_bytes_max_max;
        if (!fits)
            refuse(fmt::format("declares {} whose {} must be from 1 to {}, not {}", name_, key,
                               Declared::body_bytes_max_max, found->dump()));
        return found->get<std::size_t>();
    }
    std::string const& name() const { return name_; }

private:
    Json const& json_;
    std::string name_;
};

std::vector<std::string_view> segments(std::string_view path) {
    std::vector<std::string_view> out;
    while (!path.empty()) {
        path.remove_prefix(1);
        std::string_view const segment = path.substr(0, path.find('/'));
        out.push_back(segment);
        path.remove_prefix(segment.size());
    }
    return out;
}

bool is_parameter(std::string_view segment) {
    return segment.size() > 2 && segment.front() == '{' && segment.back() == '}' &&
           is_word(segment.substr(1, segment.size() - 2), "_");
}

/// What is wrong with a path, as "…must begin with /"; empty: nothing.
std::string path_fault(std::string_view path, bool may_have_parameters) {
    if (path.empty() || path.front() != '/') return "must begin with /";
    if (path.size() > name_bytes_max) return fmt::format("is longer than {}", name_bytes_max);
    std::set<std::string_view> seen;
    for (std::string_view const segment : segments(path)) {
        if (is_parameter(segment) && may_have_parameters) {
            if (!seen.insert(segment).second) return fmt::format("names {} twice", segment);
        } else if (!is_word(segment, "._~-") || segment == "." || segment == "..") {
            return fmt::format("has the segment \"{}\"; letters, digits, . _ ~ -{} are possible",
                               segment, may_have_parameters ? " or {name}" : "");
        }
    }
    return {};
}

bool lies_below(std::string_view path, std::string_view mount) {
    return path.starts_with(mount) && (path.size() == mount.size() || path[mount.size()] == '/');
}

DeclaredRoute read_route(Json const& json, std::vector<std::string> const& mounts) {
    std::string const id = Entry{json, "a route"}.text("id");
    Entry const entry{json, "the route " + id};
    entry.allow({"id", "method", "path", "scope", "summary", "query", "request", "response",
                 "document", "answers", "body_bytes_max", "waits", "job", "job_field", "costly",
                 "dry_run", "audit"});
    DeclaredRoute out;
    out.id = id;
    out.method = entry.text("method");
    out.path = entry.text("path");
    out.scope = entry.text("scope");
    out.summary = entry.text("summary", false);
    out.query = entry.schema("query");
    out.request = entry.schema("request");
    out.response = entry.schema("response");
    out.document = entry.object("document");
    out.answers = entry.statuses("answers");
    out.body_bytes_max = entry.bytes("body_bytes_max", out.body_bytes_max);
    out.waits = entry.flag("waits", false);
    out.job = entry.names("job");
    out.job_field = entry.text("job_field", false);
    out.is_costly = entry.flag("costly", false);
    out.has_dry_run = entry.flag("dry_run", false);
    out.is_audited = entry.flag("audit", false);
    if (!is_one_of(methods, out.method))
        refuse(fmt::format("declares {} with the method {}; possible are {}", entry.name(),
                           out.method, fmt::join(methods, ", ")));
    if (!is_one_of(scopes, out.scope))
        refuse(fmt::format("declares {} with the scope {}; possible are {}", entry.name(),
                           out.scope, fmt::join(scopes, ", ")));
    if (std::string const why = path_fault(out.path, true); !why.empty())
        refuse(fmt::format("declares {} whose path {}", entry.name(), why));
    bool const is_mounted = std::any_of(mounts.begin(), mounts.end(), [&](auto const& mount) {
        return lies_below(out.path, mount);
    });
    if (!is_mounted)
        refuse(fmt::format("declares {} whose path {} lies below none of its mounts{}{}",
                           entry.name(), out.path, mounts.empty() ? "" : ": ",
                           fmt::join(mounts, ", ")));
    return out;
}

void read_routes(Entry const& entry, Declared& out) {
    out.mounts = entry.names("mounts");
    for (std::string const& mount : out.mounts)
        if (std::string const why = path_fault(mount, false); !why.empty())
            refuse(fmt::format("declares the mount {} that {}", mount, why));
    std::set<std::string> ids, shapes;
    for (Json const& json : entry.list("routes")) {
        DeclaredRoute route = read_route(json, out.mounts);
        if (!ids.insert(route.id).second) refuse(fmt::format("declares two routes {}", route.id));
        if (!shapes.insert(route.shape()).second)
            refuse(fmt::format("declares two routes {} {}", route.method, route.path));
        out.routes.push_back(std::move(route));
    }
}

void read_topics(Entry const& entry, Declared& out) {
    std::set<std::string> seen;
    for (Json const& json : entry.list("topics")) {
        DeclaredTopic topic;
        topic.topic = Entry{json, "a topic"}.text("topic");
        Entry const named{json, "the topic " + topic.topic};
        named.allow({"topic", "durable"});
        topic.durable = named.flag("durable", true);
        std::size_t const star = topic.topic.find('*');
        if (topic.topic.size() > name_bytes_max || (star < topic.topic.size() - 1))
            refuse(
                fmt::format("declares {}; * may only be its last character, and {} bytes are "
                            "possible",
                            named.name(), name_bytes_max));
        if (!seen.insert(topic.topic).second)
            refuse(fmt::format("declares {} twice", named.name()));
        out.topics.push_back(std::move(topic));
    }
}

void read_methods(Entry const& entry, Declared& out) {
    out.provides = entry.names("provides");
    for (std::string const& id : out.provides)
        if (!is_service_id(id) || id.starts_with("weir."))
            refuse(
                fmt::format("provides \"{}\"; a service is named like cron/1, and weir. is the "
                            "host's",
                            id));
    std::set<std::string> seen;
    for (Json const& json : entry.list("methods")) {
        DeclaredMethod method;
        method.method = Entry{json, "a method"}.text("method");
        Entry const named{json, "the method " + method.method};
        named.allow({"service", "method", "request", "response"});
        method.service = named.text("service");
        method.request = named.schema("request");
        method.response = named.schema("response");
        if (!out.provides_service(method.service))
            refuse(fmt::format("declares {} of the service {}, which it does not provide",
                               named.name(), method.service),
                   nearest(method.service, out.provides));
        if (!seen.insert(method.service + " " + method.method).second)
            refuse(fmt::format("declares {} of {} twice", named.name(), method.service));
        out.methods.push_back(std::move(method));
    }
}

void read_needs(Entry const& entry, Declared& out) {
    out.timer = entry.flag("timer", false);
    out.needs = entry.names("requires");
    for (std::string const& id : out.needs) {
        if (id.starts_with("weir.") && !is_one_of(host_tables, id))
            refuse(fmt::format("requires {}, which this Weir does not have", id),
                   nearest(id, {host_tables.begin(), host_tables.end()}), "plugin.requires");
        if (!is_service_id(id))
            refuse(fmt::format("requires \"{}\"; a service is named like cron/1", id));
    }
    if (out.timer != out.needs_service("weir.timer/1"))
        refuse(out.timer ? "declares the timer without weir.timer/1 in requires"
                         : "requires weir.timer/1 without \"timer\":true");
}

}  // namespace

std::string DeclaredRoute::shape() const {
    std::string out = method + " ";
    for (std::string_view const segment : segments(path))
        out += is_parameter(segment) ? "/{}" : fmt::format("/{}", segment);
    return out;
}

bool Declared::needs_service(std::string_view id) const { return is_one_of(needs, id); }
bool Declared::provides_service(std::string_view id) const { return is_one_of(provides, id); }

Result<Declared> read_declared(nlohmann::json const& meta) {
    try {
        Result<Json> const whole = with_definitions(meta);
        if (!whole) return whole.error();
        Entry const entry{*whole, "meta_json"};
        entry.allow({"mounts", "routes", "topics", "methods", "provides", "requires", "timer",
                     "errors"});
        Declared out;
        read_routes(entry, out);
        read_topics(entry, out);
        read_methods(entry, out);
        read_needs(entry, out);
        return out;
    } catch (Refused const& refused) {
        return refused.error;
    }
}

std::string clash(Declared const& one, Declared const& other) {
    if (one.timer && other.timer) return "the timer";
    for (std::string const& id : one.provides)
        if (other.provides_service(id)) return "the service " + id;
    for (DeclaredRoute const& ours : one.routes)
        for (DeclaredRoute const& theirs : other.routes)
            if (ours.shape() == theirs.shape())
                return fmt::format("the route {} {}", ours.method, ours.path);
    for (std::string const& ours : one.mounts)
        for (std::string const& theirs : other.mounts)
            if (lies_below(ours, theirs) || lies_below(theirs, ours)) return "the mount " + ours;
    return {};
}

}  // namespace weir::host
