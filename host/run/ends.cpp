#include "host/run/ends.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weir::host {

namespace {

/// Of an instance, as it describes itself.
std::size_t lanes_of(nlohmann::json const& described) {
    nlohmann::json const lanes = described.value("lanes", nlohmann::json());
    return lanes.is_number_unsigned() ? std::max<std::size_t>(lanes.get<std::size_t>(), 1) : 1;
}

}  // namespace

Result<Ends> meet(Instance& source, Instance& sink) {
    Result<SourceProxy> reads = source.source();
    if (!reads) return reads.error();
    Result<SinkProxy> writes = sink.sink();
    if (!writes) return writes.error();
    Result<nlohmann::json> described = sink.describe();
    if (!described) return described.error();
    if (described->value("cursor", "") != "atomic")
        return Error{
            WEIR_E_UNSUPPORTED, "copy.sink_not_atomic",
            fmt::format("the sink {} does not commit rows and position together, so nothing could "
                        "be resumed: choose another sink",
                        sink.name())};
    Result<std::string> source_identity = identity_of(source);
    if (!source_identity) return source_identity.error();
    Result<std::string> sink_identity = identity_of(sink);
    if (!sink_identity) return sink_identity.error();
    if (*source_identity == *sink_identity)
        return Error{WEIR_E_CONFIG, "copy.same_system",
                     "source and sink are the same database, and a copy would wait for itself"}
            .suggest("copy into another file");
    Result<nlohmann::json> const from = source.describe();
    if (!from) return from.error();
    return Ends{std::move(*reads),
                std::move(*writes),
                std::move(*sink_identity),
                std::move(*described),
                lanes_of(*from),
                from->value("snapshots", nlohmann::json()) == true,
                from->value("lookup", nlohmann::json()) == true,
                from->value("parts", nlohmann::json()) == true};
}

std::size_t Ends::lanes() const {
    return takes_one_writer() ? 1 : std::min(source_lanes, lanes_of(sink));
}

std::size_t Ends::parts_of(std::size_t wanted, std::size_t streams) const {
    if (!is_cut) return 1;
    std::size_t const lanes = source_lanes / streams;
    return std::clamp<std::size_t>(wanted, 1, lanes > 2 ? lanes - 1 : 1);  // one holds the state
}

Result<std::string> identity_of(Instance& instance) {
    Result<std::vector<std::string>> all = identities_of(instance);
    if (!all) return all.error();
    return std::move(all->front());
}

Result<std::vector<std::string>> identities_of(Instance& instance) {
    Result<nlohmann::json> const described = instance.describe();
    if (!described) return described.error();
    auto const text = [](nlohmann::json const& value) {
        return value.is_string() ? value.get<std::string>() : std::string{};
    };
    nlohmann::json const none = nlohmann::json::array();
    auto const member = [&](char const* name) -> nlohmann::json const& {
        auto const at = described->find(name);
        return at == described->end() ? none : *at;
    };
    std::vector<std::string> all{text(member("identity"))};
    if (all.front().empty())
        return Error{
            WEIR_E_INTERNAL, "plugin.identity",
            fmt::format("the connector {} does not say which system a URL means: this is a bug in "
                        "it",
                        instance.name())};
    for (nlohmann::json const& former : member("formerly"))
        if (std::string name = text(former);
            !name.empty() && std::ranges::find(all, name) == all.end())
            all.push_back(std::move(name));
    return all;
}

}  // namespace weir::host
