#include "catalog.hpp"

#include <algorithm>
#include <weir/cpp/nearest.hpp>

#include "job.hpp"

namespace weir::replication {
namespace {

Json request_of(Endpoint const& source) {
    return {{"type", source.connector}, {"config", source.config}};
}

/// `config` with the secrets in it that no vault has yet.
Json filled(Json config, std::map<std::string, std::string> const& secrets) {
    if (config.is_structured())
        for (Json& value : config) value = filled(value, secrets);
    if (!config.is_string()) return config;
    std::string text = config;
    for (auto const& [name, secret] : secrets) {
        std::string const reference = "${secret:" + name + "}";
        for (std::size_t at = text.find(reference); at != text.npos;
             at = text.find(reference, at + secret.size()))
            text.replace(at, reference.size(), secret);
    }
    return text;
}

/// The nearest of `names`, by the whole or by the last part.
std::string nearest_stream(std::string const& wanted, std::vector<std::string> const& names) {
    if (std::string const near = nearest(wanted, names); !near.empty()) return near;
    std::vector<std::string> parts;
    for (std::string const& name : names) parts.push_back(last_name_part(name));
    std::string const near = nearest(last_name_part(wanted), parts);
    auto const at = std::find(parts.begin(), parts.end(), near);
    return at == parts.end() ? std::string{}
                             : names[static_cast<std::size_t>(at - parts.begin())];
}

class Asking {
public:
    Asking(Call const& call, Context const& context, Json request)
        : call_{call},
          context_{context},
          request_(std::move(request)),  // in braces it would be a list
          late_ns_{context.host.monotonic_ns() + catalog_ms_max * 1'000'000} {}

    Json streams(std::string const& pattern) {
        Json request = request_;
        if (!pattern.empty()) request["pattern"] = pattern;
        std::int64_t const left_ms = (late_ns_ - context_.host.monotonic_ns()) / 1'000'000;
        request["timeout_ms"] = std::max<std::int64_t>(left_ms, 1);
        return context_.ask(call_, "connectors/1", "discover", request)
            .value("streams", Json::array());
    }

    /// Empty: nothing is near, or there are too many streams to look at.
    std::string suggestion_for(std::string const& name) {
        std::vector<std::string> names;
        try {
            for (Json const& stream : streams({})) names.push_back(stream.value("stream", ""));
        } catch (Error const&) {
            return {};
        }
        return nearest_stream(name, names);
    }

private:
    Call const& call_;
    Context const& context_;
    Json const request_;
    std::int64_t late_ns_;
};

std::vector<std::string> streams_named(Json const& source) {
    if (source.contains("streams")) return source["streams"];
    return {source.value("stream", "")};
}

}  // namespace

Json circuit_of(Call const& call, Context const& context, Endpoint const& source) {
    try {
        return context.ask(call, "runner/1", "circuit", request_of(source));
    } catch (Error const&) {
        return nullptr;
    }
}

Catalog ask_catalog(Call const& call, Context const& context, Json const& job,
                    Endpoint const& source, std::map<std::string, std::string> const& unsaved) {
    Catalog out;
    Json const circuit = circuit_of(call, context, source);
    if (circuit.is_object() && circuit.contains("error")) {
        out.error = circuit["error"];
        return out;
    }
    Asking asking{call, context, request_of({source.connector, filled(source.config, unsaved)})};
    try {
        for (std::string const& name : streams_named(job["source"])) {
            Json const found = asking.streams(name);
            if (found.empty() && !name.empty())
                out.missing.push_back(
                    {{"stream", name}, {"suggestion", asking.suggestion_for(name)}});
            // Of several without a name the run will say that one must be chosen.
            if (name.empty() && found.size() > 1) continue;
            out.streams.insert(out.streams.end(), found.begin(), found.end());
        }
    } catch (Error const& error) {
        out.error = {{"code", error.code}, {"message", error.message}};
    }
    return out;
}

}  // namespace weir::replication
