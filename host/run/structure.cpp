#include "host/run/structure.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "host/run/position.hpp"
#include "host/run/side.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// prepare() looks at no fields when it is asked for these.
ArrowSchema no_fields() {
    ArrowSchema schema{};
    schema.format = "+s";
    schema.name = "";
    schema.release = [](ArrowSchema*) {};
    return schema;
}

void add_part(std::string const& part, SinkProxy& sink, CallContext const& call, Task const& task,
              bool dry_run, Progress& progress, StreamReport& report) {
    Json const structure = task.meta.value("structure", Json::object());
    if (!structure.contains(part) || structure[part].empty()) return;
    TargetRequest target = target_of(task);
    target.spec["key"] = Json::array();
    target.spec["structure"][part] = structure[part];
    auto prepared = sink.prepare(call, target, no_fields(), dry_run);
    if (!prepared) {
        report.error = on(at_sink, prepared.error());
        return;
    }
    for (std::string const& action : prepared->actions) {
        if (dry_run) {
            report.actions.push_back(action);
            continue;
        }
        report.notes.push_back(action);
        progress.say(action);
    }
}

/// Takes `references` off the target, as far as the source has them.
Result<void> lift(std::vector<Order::Cut> const& references, Ends& ends, CallContext const& call,
                  std::vector<Task> const& tasks, Progress& progress) {
    for (Order::Cut const& cut : references) {
        Json const structure = tasks[cut.from].meta.value("structure", Json::object());
        Json keys = Json::array();
        for (Json const& key : structure.value("foreign_keys", Json::array()))
            if (key.value("stream", "") == tasks[cut.to].stream) keys.push_back(key);
        if (keys.empty()) continue;
        TargetRequest target = target_of(tasks[cut.from]);
        target.spec["key"] = Json::array();
        target.spec["structure"]["lifted"] = std::move(keys);
        auto const lifted = ends.writes.prepare(call, target, no_fields(), false);
        if (!lifted) return on(at_sink, lifted.error());
        for (std::string const& action : lifted->actions) progress.say(action);
    }
    return {};
}

bool makes_foreign_keys(CopyRequest const& request) {
    return std::ranges::find(request.with, "foreign_keys") != request.with.end();
}

bool is_refused_by_a_key(std::optional<StreamReport> const& report) {
    return report && report->error && report->error->code.ends_with(".foreign_key");
}

}  // namespace

Result<void> check_structure(CopyRequest const& request, Ends const& ends) {
    Json const known = ends.sink.value("structure", Json::array());
    for (std::string const& part : request.with)
        if (std::find(known.begin(), known.end(), part) == known.end())
            return Error{WEIR_E_CONFIG, "copy.unsupported",
                         fmt::format("the sink cannot make {}, which --with asks for", part),
                         "--with"};
    return {};
}

Result<void> lift_circles(CopyRequest const& request, Ends& ends, CallContext const& call,
                          std::vector<Task> const& tasks, Order const& order, Progress& progress) {
    if (!makes_foreign_keys(request) || request.dry_run) return {};
    return lift(order.cuts, ends, call, tasks, progress);
}

Result<std::vector<std::size_t>> lift_in_the_way(
    CopyRequest const& request, Ends& ends, CallContext const& call, std::vector<Task> const& tasks,
    Order const& order, Progress& progress, std::vector<std::optional<StreamReport>>& reports) {
    bool const deletes = request.mode == ReadMode::reconcile || request.write == WriteMode::replace;
    if (!deletes || request.dry_run) return std::vector<std::size_t>{};
    std::vector<Order::Cut> between;
    for (std::size_t from = 0; from < order.after.size(); ++from)
        for (std::size_t const to : order.after[from]) between.push_back({from, to});
    std::vector<std::size_t> refused;
    for (std::size_t const place : order.places)
        if (!between.empty() && is_refused_by_a_key(reports[place])) refused.push_back(place);
    if (refused.empty()) return refused;
    if (!makes_foreign_keys(request)) {
        for (std::size_t const place : refused)
            reports[place]->error->suggestion =
                "add --with foreign_keys, which lifts the keys between these tables until all "
                "their rows are there";
        return std::vector<std::size_t>{};
    }
    if (auto lifted = lift(between, ends, call, tasks, progress); !lifted) return lifted.error();
    return refused;
}

void add_structure(CopyRequest const& request, Ends& ends, CallContext const& call,
                   std::vector<Task> const& tasks, Progress& progress, CopyReport& report) {
    auto const first = report.streams.end() - static_cast<std::ptrdiff_t>(tasks.size());
    for (char const* part : {"indexes", "foreign_keys"}) {
        if (std::ranges::find(request.with, part) == request.with.end()) continue;
        auto at = first;
        for (Task const& task : tasks)
            if (StreamReport& stream = *at++; !stream.error)
                add_part(part, ends.writes, call, task, request.dry_run, progress, stream);
    }
}

}  // namespace weir::host
