#include "host/run/copy.hpp"

#include <fmt/format.h>

#include "host/abi/instance.hpp"
#include "host/core/caught.hpp"
#include "host/core/secret.hpp"
#include "host/core/text.hpp"
#include "host/run/task.hpp"

namespace weir::host {

namespace {

std::string scheme_of(std::string const& url) {
    auto const colon = url.find(':');
    return colon == std::string::npos ? "" : url.substr(0, colon);
}

Error unknown_scheme(std::string const& url, Registry& registry) {
    std::vector<std::string> schemes;
    for (auto const& component : registry.components())
        schemes.insert(schemes.end(), component->schemes.begin(), component->schemes.end());
    std::string const scheme = scheme_of(url);
    std::string const known = fmt::format("{}", fmt::join(schemes, ", "));
    if (scheme.empty())
        return Error{
            WEIR_E_CONFIG, "copy.bad_url",
            fmt::format("\"{}\" is no URL: it begins with one of {}", mask_secrets(url), known)}
            .suggest("sqlite:" + mask_secrets(url));
    Error error{WEIR_E_CONFIG, "connector.unknown",
                fmt::format("no connector here serves {}: URLs; there are {}", scheme, known),
                scheme};
    std::string const near = nearest(scheme, schemes);
    return near.empty() ? error : error.suggest("did you mean " + near + ":?");
}

Result<std::string> identity_of(Instance& instance) {
    Result<nlohmann::json> described = instance.describe();
    if (!described) return described.error();
    std::string const identity = described->value("identity", "");
    if (!identity.empty()) return identity;
    return Error{
        WEIR_E_INTERNAL, "plugin.identity",
        fmt::format("the connector {} does not say which system a URL means", instance.name())};
}

/// Both ends of a copy, ready for its streams.
struct Ends {
    Instance source, sink;
    SourceProxy reads;
    SinkProxy writes;
    bool folds_case = false;
};

Result<Ends> connect_ends(CopyRequest const& request, CopyPorts const& ports) {
    Result<Instance> source = connect(request.source_url, ports.registry, ports.services);
    if (!source) return source.error();
    Result<SourceProxy> reads = source->source();
    if (!reads) return reads.error();
    Result<Instance> sink = connect(request.sink_url, ports.registry, ports.services);
    if (!sink) return sink.error();
    Result<SinkProxy> writes = sink->sink();
    if (!writes) return writes.error();
    Result<nlohmann::json> described = sink->describe();
    if (!described) return described.error();
    if (described->value("cursor", "") != "atomic")
        return Error{
            WEIR_E_UNSUPPORTED, "copy.sink_not_atomic",
            fmt::format("the sink {} does not commit rows and position together", sink->name())};
    return Ends{std::move(*source), std::move(*sink), std::move(*reads), std::move(*writes),
                described->value("folds_case", false)};
}

Result<void> copy_streams(CopyRequest const& request, CopyPorts const& ports, Ends& ends,
                          CopyReport& report) {
    CallContext const call{ports.clock, &ports.stop.reading};
    Result<std::string> source_identity = identity_of(ends.source);
    if (!source_identity) return source_identity.error();
    Result<std::string> sink_identity = identity_of(ends.sink);
    if (!sink_identity) return sink_identity.error();
    if (*source_identity == *sink_identity)
        return Error{WEIR_E_CONFIG, "copy.same_system",
                     "source and sink are the same database, and a copy would wait for itself"}
            .suggest("copy into another file");
    auto tasks = make_plan(request, {ends.reads, call, ports.limits, ends.folds_case});
    if (!tasks) return tasks.error();

    bool const keeps = request.on_error == OnError::dead_letter;
    DeadLetters letters{ports.clock, keeps ? request.dead_letters : "", report.run_id};
    TaskPorts task_ports{request,
                         ends.reads,
                         ends.writes,
                         *source_identity,
                         *sink_identity,
                         report.run_id,
                         request.on_error == OnError::stop ? nullptr : &letters,
                         ports.progress,
                         ports.clock,
                         ports.limits,
                         ports.stop};
    for (Task const& task : *tasks) {
        report.streams.push_back(TaskRun{task_ports, task}.run());
        if (ports.stop.reading) break;
    }
    if (letters.kept()) report.dead_letters = letters.path();
    if (report.streams.size() < tasks->size())
        return Error{WEIR_E_CANCELLED, "copy.interrupted",
                     fmt::format("interrupted before {} of {} streams",
                                 tasks->size() - report.streams.size(), tasks->size())};
    return {};
}

}  // namespace

std::string CopyReport::status() const {
    std::size_t failed = 0;
    std::uint64_t rejected = 0;
    for (StreamReport const& stream : streams) {
        failed += stream.error ? 1 : 0;
        rejected += stream.counts.rejected;
    }
    if (streams.empty() || failed == streams.size()) return error ? "failed" : "succeeded";
    return failed || rejected || error ? "partial" : "succeeded";
}

Result<Instance> connect(std::string const& url, Registry& registry, HostServices const& services) {
    Result<std::string> resolved = resolve_references(url);
    if (!resolved) return resolved.error();
    auto const info = registry.find_scheme(scheme_of(*resolved));
    if (!info) return unknown_scheme(url, registry);
    Result<Component> component = registry.load(info->id);
    if (!component) return component.error();
    return Instance::create(*component, {{"url", *resolved}}, services, info->id);
}

CopyReport run_copy(CopyRequest const& request, CopyPorts const& ports) {
    CopyReport report;
    report.run_id = make_ulid(ports.clock.unix_us());
    report.dry_run = request.dry_run;
    Result<void> done = caught([&]() -> Result<void> {
        Result<Ends> ends = connect_ends(request, ports);
        return ends ? copy_streams(request, ports, *ends, report) : ends.error();
    });
    if (!done) report.error = done.error();
    for (StreamReport const& stream : report.streams)
        if (stream.error && !report.error) report.error = stream.error;
    return report;
}

}  // namespace weir::host
