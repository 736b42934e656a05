#include "host/cli/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "host/abi/utf8.hpp"
#include "host/cli/steer.hpp"
#include "host/core/error_codes.hpp"
#include "host/core/harmless.hpp"
#include "host/core/secret.hpp"
#include "host/core/text.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::ordered_json;

std::string dry_line(StreamReport const& stream) {
    std::string text = fmt::format("  {} → {}: {}{}\n", stream.stream, stream.target, stream.plan,
                                   stream.cursor.empty() ? "" : ", after " + stream.cursor);
    for (std::string const& action : stream.actions) text += fmt::format("  + {}\n", action);
    return text;
}

/// What a reconcile found beside what it did.
std::string compared(CopyReport const& report) {
    Reconciled sum;
    bool is_there = false;
    for (StreamReport const& stream : report.streams) {
        if (!stream.reconciled) continue;
        is_there = true;
        sum.missing += stream.reconciled->missing;
        sum.extra += stream.reconciled->extra;
        sum.drifted += stream.reconciled->drifted;
        sum.compares_values = sum.compares_values || stream.reconciled->compares_values;
    }
    if (!is_there) return {};
    std::string text = fmt::format(" · {} were missing · {} too many", with_commas(sum.missing),
                                   with_commas(sum.extra));
    if (sum.compares_values) text += fmt::format(" · {} differed", with_commas(sum.drifted));
    return text;
}

std::string summary(CopyReport const& report) {
    Counts sum;
    std::string cursor;
    for (StreamReport const& stream : report.streams) {
        sum.read += stream.counts.read;
        sum.written += stream.counts.written;
        sum.rejected += stream.counts.rejected;
        sum.deleted += stream.counts.deleted;
        if (report.streams.size() == 1) cursor = stream.cursor;
    }
    std::string text = fmt::format(
        "{} {} read · {} written · {} rejected", report.status() == "succeeded" ? "✓" : "⚠",
        with_commas(sum.read), with_commas(sum.written), with_commas(sum.rejected));
    if (sum.deleted) text += fmt::format(" · {} deleted", with_commas(sum.deleted));
    text += compared(report);
    if (!cursor.empty()) text += fmt::format(" · cursor {}", cursor);
    return text + '\n';
}

/// What plugins, files and servers say reaches the terminal as UTF-8 and steers nothing.
bool put_out(std::FILE* into, std::string_view control, std::string const& text) {
    std::string const whole = std::string{control} + harmless(mend_utf8(text));
    return std::fwrite(whole.data(), 1, whole.size(), into) == whole.size() &&
           std::fflush(into) == 0;
}

}  // namespace

std::string to_text(Error const& error) {
    std::string text = fmt::format("✗ {}", error.code);
    if (!error.where.empty()) text += "   " + error.where;
    text += fmt::format("\n    {}\n", error.message);
    if (std::string const what = what_to_do(error); !what.empty())
        text += fmt::format("    → {}\n", what);
    return mask_secrets(text);
}

std::string to_text(CopyReport const& report) {
    std::string text;
    if (report.dry_run) {
        for (StreamReport const& stream : report.streams)
            if (!stream.error) text += dry_line(stream);
        return text + "nothing was written (--dry-run)\n";
    }
    text += summary(report);
    if (!report.dead_letters.empty())
        text += fmt::format("  refused records: {}\n", report.dead_letters);
    return text;
}

Result<void> print_steered(std::string_view control, std::string const& text) {
    if (put_out(stdout, control, text)) return {};
    return Error{WEIR_E_IO, "output.closed",
                 fmt::format("standard output takes no more: {}; what was reported is done",
                             std::strerror(errno)),
                 "stdout"};
}

Result<void> print(std::string const& text) { return print_steered({}, text); }

Result<void> print(Json const& json) {
    return print(json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n');
}

void tell_steered(std::string_view control, std::string const& text) {
    (void)put_out(stderr, control, text);
}

void tell(std::string const& text) { tell_steered({}, text); }

}  // namespace weir::host
