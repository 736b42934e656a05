#include "host/run/report_json.hpp"

#include "host/core/error_codes.hpp"
#include "host/core/secret.hpp"

namespace weir::host {

namespace {

using Ordered = nlohmann::ordered_json;

}  // namespace

// Whatever a message quotes of what was typed, a password in it is nobody's to read (I9).
Ordered to_json(Error const& error) {
    Ordered json{{"code", error.code}, {"message", mask_secrets(error.message)}};
    if (!error.where.empty()) json["where"] = mask_secrets(error.where);
    if (std::string const what = what_to_do(error); !what.empty())
        json["suggestion"] = mask_secrets(what);
    return json;
}

Ordered to_json(StreamReport const& stream, bool is_dry_run) {
    Ordered json{{"stream", stream.stream},
              {"target", stream.target},
              {"read", stream.counts.read},
              {"written", stream.counts.written},
              {"filtered", stream.counts.filtered},
              {"rejected", stream.counts.rejected},
              {"deleted", stream.counts.deleted},
              {"batches", stream.counts.batches},
              {"bytes", stream.counts.bytes},
              {"seconds", stream.seconds}};
    if (stream.reconciled) {
        Reconciled const& found = *stream.reconciled;
        json["checked"] = found.checked;
        json["missing"] = found.missing;
        json["extra"] = found.extra;
        json["drifted"] = found.compares_values ? Ordered(found.drifted) : Ordered(nullptr);
    }
    json["cursor"] = stream.cursor.empty() ? Ordered(nullptr) : Ordered(stream.cursor);
    json["error"] = stream.error ? to_json(*stream.error) : Ordered(nullptr);
    if (stream.shares_view) json["snapshot"] = "shared";
    if (!stream.notes.empty()) json["notes"] = stream.notes;
    if (is_dry_run) json["plan"] = stream.plan, json["actions"] = stream.actions;
    return json;
}

Ordered to_json(CopyReport const& report) {
    Ordered json{
        {"status", report.status()}, {"run_id", report.run_id}, {"streams", Ordered::array()}};
    for (StreamReport const& stream : report.streams)
        json["streams"].push_back(to_json(stream, report.dry_run));
    if (report.dry_run) json["dry_run"] = true;
    if (!report.dead_letters.empty()) json["dead_letters"] = report.dead_letters;
    json["error"] = report.error ? to_json(*report.error) : Ordered(nullptr);
    return json;
}

}  // namespace weir::host
