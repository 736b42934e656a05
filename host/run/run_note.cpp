#include "host/run/run_note.hpp"

namespace weir::host {

nlohmann::json to_json(RunNote const& note) {
    Counts const& counts = note.counts;
    return {
        {"id", note.run_id},         {"done", note.is_done},        {"read", counts.read},
        {"written", counts.written}, {"filtered", counts.filtered}, {"rejected", counts.rejected},
        {"deleted", counts.deleted}, {"batches", counts.batches},   {"bytes", counts.bytes}};
}

std::optional<RunNote> run_note_from(nlohmann::json const& json) {
    if (!json.is_object() || !json.contains("id") || !json["id"].is_string()) return std::nullopt;
    auto const number = [&](char const* name) -> std::uint64_t {
        bool const is_there = json.contains(name) && json[name].is_number_unsigned();
        return is_there ? json[name].get<std::uint64_t>() : 0;
    };
    RunNote note;
    note.run_id = json["id"];
    note.is_done = json.contains("done") && json["done"] == true;
    note.counts = {number("read"),    number("written"), number("filtered"), number("rejected"),
                   number("deleted"), number("batches"), number("bytes")};
    return note;
}

}  // namespace weir::host
