#include <fmt/format.h>

#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/core/failpoint.hpp"
#include "host/run/copy.hpp"

namespace weir::host {

namespace {

bool is_cancelled(std::optional<Error> const& error) {
    return error && error->status == WEIR_E_CANCELLED;
}

Exit exit_of(CopyReport const& report) {
    if (is_cancelled(report.error)) return Exit::interrupted;
    for (StreamReport const& stream : report.streams)
        if (is_cancelled(stream.error)) return Exit::interrupted;
    std::string const status = report.status();
    if (status == "succeeded") return Exit::done;
    if (status == "partial") return Exit::partial;
    return exit_of(*report.error);
}

std::string errors_text(CopyReport const& report) {
    std::string text;
    for (StreamReport const& stream : report.streams)
        if (stream.error && !is_cancelled(stream.error))
            text +=
                (report.streams.size() > 1 ? stream.stream + ": " : "") + to_text(*stream.error);
    bool const is_told = !text.empty() || is_cancelled(report.error);
    return !is_told && report.error ? to_text(*report.error) : text;
}

std::string metrics_text(Metrics const& metrics) {
    std::string text;
    for (Metrics::Value const& value : metrics.snapshot())
        text += fmt::format("  {} {}\n", value.name, value.value);
    return text;
}

/// Where an interrupted copy stands.
std::string safe_text(CopyReport const& report) {
    std::string text = "interrupted";
    bool goes_on = report.streams.empty();
    for (StreamReport const& stream : report.streams) {
        bool const starts_over = stream.shows_at_end && stream.error;
        goes_on = goes_on || !starts_over;
        text += starts_over
                    ? fmt::format(" · {}: shows when it is whole, so it starts over", stream.stream)
                    : fmt::format(" · {}: {} rows of this run are safe{}", stream.stream,
                                  stream.counts.written,
                                  stream.cursor.empty() ? "" : ", cursor " + stream.cursor);
    }
    return text + (goes_on ? "; the same command goes on from there\n" : "; run it again\n");
}

}  // namespace

Exit fail(Error const& error, Voice const& voice) {
    tell(to_text(error));
    if (!voice.json) return exit_of(error);
    nlohmann::ordered_json json{{"status", "failed"},
                                {"run_id", nullptr},
                                {"streams", nlohmann::ordered_json::array()},
                                {"error", to_json(error)}};
    if (Result<void> printed = print(json); !printed) tell(to_text(printed.error()));
    return exit_of(error);
}

Exit run(CopyCommand const& command, Clock const& clock, Limits const& limits) {
    CopyReport report;
    {
        Environment host{clock, limits, command.voice, command.plugins, command.plugins_lock};
        report = run_copy(command.request,
                          {host.registry, host.services, host.progress, clock, limits, host.stop});
        host.tell_refusals();
        if (command.voice.verbose) tell(metrics_text(host.metrics));
    }
    failpoint("copy.before_report");
    Exit exit = exit_of(report);
    tell(errors_text(report));
    if (exit == Exit::interrupted) tell(safe_text(report));
    Result<void> printed;
    bool const has_result = report.status() != "failed" && exit != Exit::interrupted;
    if (command.voice.json)
        printed = print(to_json(report));
    else if (has_result && !command.voice.quiet)
        printed = print(to_text(report));
    if (!printed) {
        tell(to_text(printed.error()));
        if (exit == Exit::done) exit = exit_of(printed.error());
    }
    return exit;
}

}  // namespace weir::host
