#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "host/cli/commands.hpp"
#include "host/cli/environment.hpp"
#include "host/cli/output.hpp"
#include "host/core/text.hpp"
#include "host/run/copy.hpp"
#include "host/run/discovery.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::ordered_json;

using Names = std::vector<std::string>;

/// Whom a caveat is about, of `total` streams.
std::string named(Names const& names, std::size_t total) {
    constexpr std::size_t shown_max = 8;
    if (names.size() == total && total > 1) return "all streams";
    std::size_t const shown = std::min(names.size(), shown_max);
    std::string const more =
        shown < names.size() ? fmt::format(" and {} more", names.size() - shown) : "";
    return fmt::format(
        "{}{}", fmt::join(names.begin(), names.begin() + static_cast<int>(shown), ", "), more);
}

std::string joined(nlohmann::json const& names) {
    return fmt::format("{}", fmt::join(names.get<Names>(), ", "));
}

std::string key_text(nlohmann::json const& meta) {
    if (!meta.contains("keys") || meta["keys"].empty()) return "-";
    return joined(meta["keys"].front());
}

std::string cursors_text(nlohmann::json const& meta) {
    std::string text;
    for (auto const& candidate : meta.value("tracking", nlohmann::json::array())) {
        if (!text.empty()) text += " · ";
        text += candidate.value("field", "");
        auto const notes = candidate.value("notes", nlohmann::json::array());
        if (!notes.empty()) text += " (" + joined(notes) + ")";
    }
    return text.empty() ? "-" : text;
}

std::string rows_text(nlohmann::json const& meta) {
    if (!meta.contains("rows") || !meta["rows"].is_number_unsigned()) return "?";
    return with_commas(meta["rows"].get<std::uint64_t>());
}

std::string fields_text(nlohmann::json const& meta) {
    std::string text;
    for (auto const& field : meta.value("fields", nlohmann::json::array()))
        text += fmt::format("    {}  {}{}\n", field.value("name", ""), field.value("type", ""),
                            field.value("nullable", true) ? "" : "  not null");
    return text;
}

std::string table_text(std::vector<FoundStream> const& streams, bool with_columns) {
    std::size_t name_width = 6, rows_width = 5, key_width = 3;
    for (FoundStream const& stream : streams) {
        name_width = std::max(name_width, stream.name.size());
        rows_width = std::max(rows_width, rows_text(stream.meta).size());
        key_width = std::max(key_width, key_text(stream.meta).size());
    }
    std::string text = fmt::format("{:<{}}  {:>{}}  {:<{}}  CURSOR CANDIDATES\n", "STREAM",
                                   name_width, "ROWS~", rows_width, "KEY", key_width);
    std::map<std::string, Names> caveats;  // and the streams they are of
    for (FoundStream const& stream : streams) {
        text += fmt::format("{:<{}}  {:>{}}  {:<{}}  {}\n", stream.name, name_width,
                            rows_text(stream.meta), rows_width, key_text(stream.meta), key_width,
                            cursors_text(stream.meta));
        if (with_columns) text += fields_text(stream.meta);
        for (auto const& caveat : stream.meta.value("caveats", nlohmann::json::array()))
            caveats[caveat.get<std::string>()].push_back(stream.name);
    }
    for (auto const& [caveat, names] : caveats)
        text += fmt::format("⚠ {}: {}\n", named(names, streams.size()), caveat);
    return text;
}

Result<std::vector<FoundStream>> discover(DiscoverCommand const& command, Environment& host) {
    Result<Instance> instance = connect(command.url, host.registry, host.services);
    if (!instance) return instance.error();
    Result<SourceProxy> source = instance->source();
    if (!source) return source.error();
    CallContext const call{host.clock, &host.stop.reading};
    return command.match.empty() ? source->discover(call, std::nullopt)
                                 : find_streams(*source, call, command.match);
}

}  // namespace

Exit run(DiscoverCommand const& command, Clock const& clock, Limits const& limits) {
    Environment host{clock, limits, command.voice, command.plugins, command.plugins_lock};
    auto found = discover(command, host);
    host.tell_refusals();
    if (!found) return fail(found.error(), command.voice);
    Json json{{"status", "succeeded"}, {"streams", Json::array()}, {"error", nullptr}};
    for (FoundStream const& stream : *found) json["streams"].push_back(to_json(stream));
    bool const with_columns = command.columns || found->size() == 1;
    std::string const text =
        found->empty() ? "the source has no streams\n" : table_text(*found, with_columns);
    Result<void> printed = command.voice.json ? print(json) : print(text);
    if (printed) return Exit::done;
    tell(to_text(printed.error()));
    return exit_of(printed.error());
}

}  // namespace weir::host
