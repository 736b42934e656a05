#include "host/run/copy.hpp"

#include <fmt/format.h>

#include "host/abi/instance.hpp"
#include "host/core/caught.hpp"
#include "host/core/secret.hpp"
#include "host/core/text.hpp"
#include "host/run/ends.hpp"
#include "host/run/letter_file.hpp"
#include "host/run/order.hpp"
#include "host/run/shared_view.hpp"
#include "host/run/side.hpp"
#include "host/run/side_by_side.hpp"
#include "host/run/structure.hpp"
#include "host/run/task.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

std::string scheme_of(std::string const& url) {
    auto const colon = url.find(':');
    return colon == std::string::npos ? "" : url.substr(0, colon);
}

Error no_connectors(std::string const& scheme) {
    return Error{WEIR_E_CONFIG, "connector.unknown",
                 "there is no connector here that may be loaded", scheme}
        .suggest("weir connector list says what is found and refused; with a plugins.lock only "
                 "what stands in it is loaded: weir plugin lock --check");
}

Error unknown_scheme(std::string const& url, Registry& registry) {
    std::vector<std::string> schemes;
    for (auto const& component : registry.components())
        schemes.insert(schemes.end(), component->schemes.begin(), component->schemes.end());
    std::string const scheme = scheme_of(url);
    // Its library may be there and be refused: then that is what has to be mended.
    if (Result<Component> const refused = registry.load(scheme);
        !refused && refused.error().code != "connector.unknown")
        return refused.error();
    if (schemes.empty()) return no_connectors(scheme);
    std::string const known = fmt::format("{}", fmt::join(schemes, ", "));
    if (url.starts_with("${"))  // what it stands for may be a secret in the wrong place
        return Error{WEIR_E_CONFIG, "copy.bad_url",
                     fmt::format("what {} stands for is no URL of a connector here: it begins with "
                                 "none of {}",
                                 mask_secrets(url), known),
                     mask_secrets(url)};
    if (scheme.empty())
        return Error{
            WEIR_E_CONFIG, "copy.bad_url",
            fmt::format("\"{}\" is no URL: it begins with one of {}", mask_secrets(url), known)}
            .suggest(shell_word("sqlite:" + mask_secrets(url)));
    Error error{WEIR_E_CONFIG, "connector.unknown",
                fmt::format("no connector here serves {}: URLs; there are {}", scheme, known),
                scheme};
    for (std::string& each : schemes) each += ':';
    return error.suggest(did_you_mean(nearest(scheme + ':', schemes)));
}

Result<void> copy_streams(CopyRequest const& request, CopyPorts const& ports, Instance& source,
                          Ends& ends, CopyRun const& run, CopyReport& report) {
    CallContext const call{ports.clock, &ports.stop.reading};
    if (auto checked = check_structure(request, ends); !checked) return checked;
    std::vector<LeftStream> left;
    auto tasks = make_plan(request, {ends.reads, call, ports.limits, ends.sink,
                                     run.resumes_run ? &left : nullptr});
    if (!tasks) return on(at_source, tasks.error());
    Result<std::vector<std::string>> identities = identities_of(source);
    if (!identities) return identities.error();

    bool const one_writer = run.gates && ends.takes_one_writer();
    std::optional<SharedView> view;
    if (ends.shares_snapshots && !request.dry_run) view.emplace(ends.reads, run.run_id);
    std::size_t const wanted = request.parallel.value_or(ports.limits.parallel_streams);
    std::size_t const lanes = std::clamp<std::size_t>(std::min(wanted, ends.lanes()), 1,
                                                      std::max<std::size_t>(tasks->size(), 1));
    TaskPorts const task_ports{request,
                               ends.reads,
                               ends.writes,
                               std::move(*identities),
                               ends.sink_identity,
                               run.run_id,
                               run.rejects,
                               view ? &*view : nullptr,
                               tasks->size() > 1,
                               one_writer ? run.gates->at(ends.sink_identity) : nullptr,
                               ends.looks_up,
                               ends.parts_of(request.parts, lanes),
                               run.resumes_run,
                               lanes,
                               ports.progress,
                               ports.clock,
                               ports.limits,
                               ports.stop};
    Order const order = order_of(*tasks);
    for (std::string const& note : order.notes) ports.progress.say(note);
    if (auto lifted = lift_circles(request, ends, call, *tasks, order, ports.progress); !lifted)
        return lifted.error();
    for (LeftStream& each : left) {
        ports.progress.say(fmt::format("{} is left out: {}", each.stream, each.why.message));
        StreamReport& report_of_it = report.streams.emplace_back();
        report_of_it.stream = each.stream;
        report_of_it.error = on(at_source, std::move(each.why));
    }
    std::vector<std::optional<StreamReport>> reports(tasks->size());
    std::vector<std::optional<TaskRun>> runs(tasks->size());
    SideBySide streams{order, lanes, ports.stop.reading};
    auto const run_of = [&](std::size_t place) -> TaskRun& {
        std::function<Result<void>()> await;
        if (lanes > 1 && !order.after[place].empty())
            await = [&streams, place] { return streams.await_referenced(place); };
        if (!runs[place]) runs[place].emplace(task_ports, (*tasks)[place], std::move(await));
        return *runs[place];
    };
    // Behind what they reference they are written; read before it, they reference nothing that it
    // does not bring.
    for (std::size_t const place : those_that_reference(order, ports.limits.begun_ahead_max))
        run_of(place).begin_ahead();
    streams.run([&](std::size_t place) {
        reports[place] = run_of(place).run();
        runs[place].reset();
    });
    auto const again = lift_in_the_way(request, ends, call, *tasks, order, ports.progress, reports);
    if (!again) return again.error();
    for (std::size_t const place : *again)
        if (!ports.stop.reading) reports[place] = TaskRun{task_ports, (*tasks)[place]}.run();
    for (std::optional<StreamReport>& each : reports)
        if (each) report.streams.push_back(std::move(*each));
    if (report.streams.size() < tasks->size() + left.size())
        return Error{WEIR_E_CANCELLED, "copy.interrupted",
                     fmt::format("interrupted before {} of {} streams",
                                 tasks->size() + left.size() - report.streams.size(),
                                 tasks->size() + left.size())};
    add_structure(request, ends, call, *tasks, ports.progress, report);
    return {};
}

/// What kept the copy from its end, as the report's first error.
void settle(CopyReport& report, Result<void> const& done) {
    if (!done) report.error = done.error();
    for (StreamReport const& stream : report.streams)
        if (stream.error && !report.error) report.error = stream.error;
}

Result<void> copy_urls(CopyRequest const& request, CopyPorts const& ports, CopyReport& report) {
    Result<Instance> source = connect(request.source_url, ports.registry, ports.services);
    if (!source) return source.error();
    if (auto reads = source->source(); !reads) return reads.error();
    Result<Instance> sink = connect(request.sink_url, ports.registry, ports.services);
    if (!sink) return sink.error();
    bool const keeps = request.on_error == OnError::dead_letter;
    LetterFile letters{ports.clock, keeps ? request.dead_letters : "", report.run_id};
    bool const stops = request.on_error == OnError::stop;
    report = run_copy(request, ports, *source, *sink,
                      {report.run_id, stops ? nullptr : &letters, nullptr, false});
    if (letters.kept()) report.dead_letters = letters.path();
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

CopyReport run_copy(CopyRequest const& request, CopyPorts const& ports, Instance& source,
                    Instance& sink, CopyRun const& run) {
    CopyReport report;
    report.run_id = run.run_id;
    report.dry_run = request.dry_run;
    Result<void> done = caught([&]() -> Result<void> {
        Result<Ends> ends = meet(source, sink);
        return ends ? copy_streams(request, ports, source, *ends, run, report) : ends.error();
    });
    settle(report, done);
    return report;
}

CopyReport run_copy(CopyRequest const& request, CopyPorts const& ports) {
    CopyReport report;
    report.run_id = make_ulid(ports.clock.unix_us());
    report.dry_run = request.dry_run;
    Result<void> done = caught([&] { return copy_urls(request, ports, report); });
    if (!done) settle(report, done);
    return report;
}

}  // namespace weir::host
