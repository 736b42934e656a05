#include "host/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "host/core/name_list.hpp"
#include "host/core/text.hpp"
#include "host/run/discovery.hpp"

namespace weir::host {

namespace {

using Names = std::vector<std::string>;

std::string joined(Names const& names) { return fmt::format("{}", fmt::join(names, ", ")); }

Error not_found(std::string code, std::string sentence, std::string const& name,
                Names const& candidates) {
    Error error{WEIR_E_NOT_FOUND, std::move(code), std::move(sentence), name};
    std::string const near = nearest(name, candidates);
    return near.empty() ? error : error.suggest("did you mean " + near + "?");
}

Names names_of(std::vector<FoundStream> const& streams) {
    Names names;
    for (FoundStream const& stream : streams) names.push_back(stream.name);
    return names;
}

Names fields_of(FoundStream const& stream) {
    Names names;
    for (std::int64_t i = 0; i < stream.schema->n_children; ++i)
        names.emplace_back(stream.schema->children[i]->name);
    return names;
}

std::vector<Names> keys_of(nlohmann::json const& meta) {
    std::vector<Names> keys;
    if (meta.contains("keys") && meta["keys"].is_array())
        for (auto const& key : meta["keys"])
            if (key.is_array() && !key.empty()) keys.push_back(key.get<Names>());
    return keys;
}

Result<void> check_fields(CopyRequest const& request, FoundStream const& stream) {
    Names const known = fields_of(stream);
    auto const check = [&](std::string const& name, char const* option) -> Result<void> {
        if (std::ranges::find(known, name) != known.end()) return {};
        return not_found("source.field_not_found",
                         fmt::format("{} has no field \"{}\" ({})", stream.name, name, option),
                         name, known);
    };
    for (std::string const& name : request.fields)
        if (auto checked = check(name, "--fields"); !checked) return checked;
    for (std::string const& name : request.key)
        if (auto checked = check(name, "--key"); !checked) return checked;
    if (!request.cursor.empty())
        if (auto checked = check(request.cursor, "--cursor"); !checked) return checked;
    return {};
}

/// Those of `needed` that --fields leaves out.
Names left_out(CopyRequest const& request, Names const& needed) {
    Names out;
    if (request.fields.empty()) return out;
    std::ranges::copy_if(needed, std::back_inserter(out), [&](std::string const& name) {
        return std::ranges::find(request.fields, name) == request.fields.end();
    });
    return out;
}

/// The key and the cursor must be among the selected fields, or the sink could not use them.
Result<void> check_selected(CopyRequest const& request, Task const& task) {
    Names needed = task.key;
    if (!request.cursor.empty() && std::ranges::find(needed, request.cursor) == needed.end())
        needed.push_back(request.cursor);
    Names all = left_out(request, needed);
    if (all.empty()) return {};
    Error error{WEIR_E_CONFIG, "copy.field_needed",
                fmt::format("--fields leaves out \"{}\", which {} needs as key or cursor",
                            all.front(), task.stream),
                all.front()};
    all.insert(all.end(), request.fields.begin(), request.fields.end());
    return error.suggest("--fields " + shell_word(join_names(all)));
}

Result<Task> make_task(CopyRequest const& request, FoundStream const& stream) {
    if (Result<void> checked = check_fields(request, stream); !checked) return checked.error();
    Task task{stream.name, request.to, {}, {}, {}, stream.meta};
    if (task.target.empty()) task.target = stream.meta.value("target", stream.name);
    if (stream.meta.contains("rows") && stream.meta["rows"].is_number_unsigned())
        task.rows_expected = stream.meta["rows"].get<std::uint64_t>();
    std::vector<Names> const keys = keys_of(stream.meta);
    task.key = !request.key.empty() ? request.key : keys.empty() ? Names{} : keys.front();
    // A key given by hand is taken as the sink's key; a read may go on by it only if it covers one
    // that the source guarantees.
    for (Names const& key : keys)
        if (task.unique_key.empty() && std::ranges::all_of(key, [&](std::string const& name) {
                return std::ranges::find(task.key, name) != task.key.end();
            }))
            task.unique_key = key;
    // What is appended needs no key: without it the stream is read as one that has none.
    if (request.write == WriteMode::append && request.key.empty() &&
        !left_out(request, task.key).empty())
        task.key = task.unique_key = {};
    if (Result<void> checked = check_selected(request, task); !checked) return checked.error();
    return task;
}

/// The only stream of a source that has one; otherwise the person must choose.
Result<std::vector<FoundStream>> only_one(SourceProxy& source, CallContext const& call) {
    auto found = source.discover(call, std::nullopt);
    if (!found || found->size() == 1) return found;
    constexpr std::size_t shown_max = 8;
    Names names = names_of(*found);
    if (names.empty())
        return Error{WEIR_E_NOT_FOUND, "source.stream_not_found", "the source has no streams"};
    bool const is_cut = names.size() > shown_max;
    names.resize(std::min(names.size(), shown_max));
    return Error{WEIR_E_CONFIG, "copy.no_stream",
                 fmt::format("the source has several streams ({}{}): choose with --stream",
                             joined(names), is_cut ? ", …" : "")}
        .suggest("--stream " + shell_word(names.front()));
}

std::string folded(std::string name) {
    for (char& c : name)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return name;
}

Result<void> check_targets(std::vector<Task> const& tasks, bool folds_case) {
    std::map<std::string, Task const*> seen;
    for (Task const& task : tasks) {
        auto const [at, fresh] =
            seen.emplace(folds_case ? folded(task.target) : task.target, &task);
        if (fresh) continue;
        return Error{WEIR_E_CONFIG, "copy.same_target",
                     fmt::format("{} and {} would both land in \"{}\"{}; copy them one by one "
                                 "with --to",
                                 at->second->stream, task.stream, task.target,
                                 at->second->target == task.target
                                     ? ""
                                     : ", whose names the sink does not tell apart by case")};
    }
    return {};
}

}  // namespace

std::string job_of(std::string const& source_identity, std::string const& sink_identity,
                   Task const& task) {
    return "copy:" + fingerprint(source_identity + '\n' + sink_identity + '\n' + task.stream +
                                 '\n' + task.target);
}

Result<std::vector<Task>> make_plan(CopyRequest const& request, PlanPorts const& ports) {
    std::vector<FoundStream> found;
    if (request.streams.empty()) {
        auto one = only_one(ports.source, ports.call);
        if (!one) return one.error();
        found = std::move(*one);
    }
    for (std::string const& name : request.streams) {
        auto some = find_streams(ports.source, ports.call, name);
        if (!some) return some.error();
        for (FoundStream& stream : *some)
            if (std::ranges::find(found, stream.name, &FoundStream::name) == found.end())
                found.push_back(std::move(stream));
    }
    if (found.size() > ports.limits.streams_max)
        return Error{WEIR_E_CONFIG, "copy.too_many_streams",
                     fmt::format("{} streams at once are more than {}: copy them in parts",
                                 found.size(), ports.limits.streams_max)};
    if (!request.to.empty() && found.size() != 1)
        return Error{
            WEIR_E_CONFIG, "copy.conflicting_options",
            fmt::format("--to names the target of one stream, and {} were chosen", found.size())};
    std::vector<Task> tasks;
    for (FoundStream const& stream : found) {
        Result<Task> task = make_task(request, stream);
        if (!task) return task.error();
        tasks.push_back(std::move(*task));
    }
    if (Result<void> checked = check_targets(tasks, ports.sink_folds_case); !checked)
        return checked.error();
    return tasks;
}

}  // namespace weir::host
