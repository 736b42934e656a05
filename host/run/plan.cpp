#include "host/run/plan.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>

#include "host/core/name_list.hpp"
#include "host/core/text.hpp"
#include "host/run/discovery.hpp"
#include "weir/cpp/nearest.hpp"

namespace weir::host {

namespace {

using Names = std::vector<std::string>;

std::string joined(Names const& names) { return fmt::format("{}", fmt::join(names, ", ")); }

Error not_found(std::string code, std::string sentence, std::string const& name,
                Names const& candidates) {
    return Error{WEIR_E_NOT_FOUND, std::move(code), std::move(sentence), name}.suggest(
        did_you_mean(nearest(name, candidates)));
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

/// Whether the source finds changes by something of that name which is no field of its records.
bool is_own_cursor(CopyRequest const& request, nlohmann::json const& meta) {
    auto const has = [&](char const* member, auto const& matches) {
        return meta.contains(member) && matches(meta[member]);
    };
    return has("cursors", [&](auto const& all) { return all.contains(request.cursor); }) &&
           has("fields", [&](auto const& all) {
               return std::ranges::none_of(all, [&](nlohmann::json const& field) {
                   return field.value("name", "") == request.cursor;
               });
           });
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
    if (!request.cursor.empty() && !is_own_cursor(request, stream.meta))
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
    if (!request.cursor.empty() && !is_own_cursor(request, task.meta) &&
        std::ranges::find(needed, request.cursor) == needed.end())
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
    Task task;
    task.stream = task.reads = stream.name;
    task.meta = stream.meta;
    task.target = stream.meta.value("target", stream.name);
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

/// A target that was named lies where the sink puts it; others lie as they do in the source, where
/// the sink has schemas too.
nlohmann::json surroundings_of(CopyRequest const& request, FoundStream const& stream,
                               nlohmann::json const& sink) {
    nlohmann::json out = nlohmann::json::object();
    nlohmann::json const schema = stream.meta.value("schema", nlohmann::json{});
    if (request.to.empty() && sink.value("schemas", false) && schema.is_string())
        out["schema"] = schema;
    nlohmann::json const known = sink.value("structure", nlohmann::json::array());
    nlohmann::json const around = stream.meta.value("structure", nlohmann::json::object());
    if (std::ranges::find(known, "types") != known.end() && around.contains("types"))
        out["types"] = around["types"];
    return out;
}

// target := part ["." part]    part := plain | '"' quoted '"'    of quoted, '"' is doubled
/// Its parts; empty: it is not written so.
Names name_parts(std::string const& text) {
    Names parts;
    for (std::size_t at = 0; at <= text.size(); ++at) {
        std::string& part = parts.emplace_back();
        if (at < text.size() && text[at] == '"') {
            for (++at;; ++at) {
                std::size_t const quote = text.find('"', at);
                if (quote == text.npos) return {};
                part.append(text, at, quote - at);
                at = quote + 1;
                if (at == text.size() || text[at] != '"') break;
                part += '"';
            }
            if (at < text.size() && text[at] != '.') return {};
        } else {
            std::size_t const dot = std::min(text.find('.', at), text.size());
            part = text.substr(at, dot - at);
            at = dot;
        }
        if (part.empty()) return {};
    }
    return parts;
}

/// Where a target that was named by hand lies: a dot outside of quotes parts schema and table where
/// the sink has schemas, and belongs to the name where it has none.
Result<void> name_target(CopyRequest const& request, nlohmann::json const& sink, Task& task) {
    if (request.to.empty()) return {};
    task.target = request.to;
    Names parts = name_parts(request.to);
    if (parts.size() == 1) task.target = std::move(parts.front());
    if (parts.size() < 2) return {};
    std::string const quoted = "'\"" + request.to + "\"'";
    if (!sink.contains("schemas")) {
        task.remark = fmt::format(
            "the table is named \"{}\", with the dot: this sink has no schemas", task.target);
        return {};
    }
    if (parts.size() > 2)
        return Error{WEIR_E_CONFIG, "copy.bad_target",
                     fmt::format("{} is no name of a table, which has a schema and a dot before it "
                                 "at most",
                                 request.to),
                     "--to"}
            .suggest("--to " + quoted + " if the dots belong to the table's name");
    task.schema = std::move(parts[0]);
    task.target = std::move(parts[1]);
    task.surroundings["schema"] = task.schema;
    return {};
}

/// Whether all that inherit from `stream` are copied with it.
bool has_all_children(FoundStream const& stream, Names const& chosen) {
    nlohmann::json const around = stream.meta.value("structure", nlohmann::json::object());
    return std::ranges::all_of(around.value("children", Names{}), [&](std::string const& child) {
        return std::ranges::find(chosen, child) != chosen.end();
    });
}

/// Into a sink whose tables inherit as those of the source do, a parent that is copied with all of
/// its children is read without them: their rows show in it there too. Answers those parents.
Names set_apart(CopyRequest const& request, nlohmann::json const& sink,
                std::vector<FoundStream>& found) {
    nlohmann::json const known = sink.value("structure", nlohmann::json::array());
    if (!request.to.empty() || std::ranges::find(known, "inheritance") == known.end()) return {};
    Names const chosen = names_of(found);
    Names alone;
    for (FoundStream& stream : found) {
        if (!stream.meta.contains("alone") || !has_all_children(stream, chosen)) continue;
        stream.meta["keys"] = stream.meta["alone"]["keys"];
        alone.push_back(stream.name);
    }
    return alone;
}

/// What of the inheritance in the source concerns the target of `task`.
void add_inheritance(Names const& alone, nlohmann::json const& sink, Task& task) {
    nlohmann::json const known = sink.value("structure", nlohmann::json::array());
    if (std::ranges::find(known, "inheritance") == known.end()) return;
    auto const is_alone = [&](std::string const& stream) {
        return std::ranges::find(alone, stream) != alone.end();
    };
    if (task.meta.contains("alone")) task.surroundings["alone"] = is_alone(task.stream);
    if (is_alone(task.stream)) task.reads = task.meta["alone"]["stream"];
    nlohmann::json const around = task.meta.value("structure", nlohmann::json::object());
    for (nlohmann::json const& parent : around.value("parents", nlohmann::json::array()))
        if (is_alone(parent.value("stream", ""))) task.surroundings["parents"].push_back(parent);
}

Result<void> check_targets(std::vector<Task> const& tasks, bool folds_case) {
    std::map<std::pair<std::string, std::string>, Task const*> seen;
    for (Task const& task : tasks) {
        auto const [at, fresh] =
            seen.emplace(std::pair{task.surroundings.value("schema", ""),
                                   folds_case ? folded(task.target) : task.target},
                         &task);
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
                                 '\n' + task.target +
                                 (task.schema.empty() ? "" : '\n' + task.schema));
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
        if (!some && ports.left && some.error().status == WEIR_E_NOT_FOUND) {
            ports.left->push_back({name, some.error()});
            continue;
        }
        if (!some) return some.error();
        for (FoundStream& stream : *some)
            if (std::ranges::find(found, stream.name, &FoundStream::name) == found.end())
                found.push_back(std::move(stream));
    }
    bool const has_left = ports.left && !ports.left->empty();
    if (found.empty() && has_left) return ports.left->front().why;
    if (found.size() > ports.limits.streams_max)
        return Error{WEIR_E_CONFIG, "copy.too_many_streams",
                     fmt::format("{} streams at once are more than {}: copy them in parts",
                                 found.size(), ports.limits.streams_max)};
    if (!request.to.empty() && found.size() != 1)
        return Error{
            WEIR_E_CONFIG, "copy.conflicting_options",
            fmt::format("--to names the target of one stream, and {} were chosen", found.size())};
    Names const alone = set_apart(request, ports.sink, found);
    std::vector<Task> tasks;
    for (FoundStream const& stream : found) {
        Result<Task> task = make_task(request, stream);
        if (!task && ports.left) {
            ports.left->push_back({stream.name, task.error()});
            continue;
        }
        if (!task) return task.error();
        task->surroundings = surroundings_of(request, stream, ports.sink);
        if (Result<void> named = name_target(request, ports.sink, *task); !named)
            return named.error();
        add_inheritance(alone, ports.sink, *task);
        tasks.push_back(std::move(*task));
    }
    if (tasks.empty() && ports.left && !ports.left->empty()) return ports.left->front().why;
    bool const folds_case = ports.sink.value("folds_case", false);
    if (Result<void> checked = check_targets(tasks, folds_case); !checked) return checked.error();
    return tasks;
}

}  // namespace weir::host
