#include "host/cli/output.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

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
    if (!cursor.empty()) text += fmt::format(" · cursor {}", cursor);
    return text + '\n';
}

}  // namespace

std::string to_text(Error const& error) {
    std::string text = fmt::format("✗ {}", error.code);
    if (!error.where.empty()) text += "   " + error.where;
    text += fmt::format("\n    {}\n", error.message);
    if (!error.suggestion.empty()) text += fmt::format("    → {}\n", error.suggestion);
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

Result<void> print(std::string const& text) {
    bool const failed =
        std::fwrite(text.data(), 1, text.size(), stdout) != text.size() || std::fflush(stdout) != 0;
    if (!failed) return {};
    return Error{WEIR_E_IO, "output.closed",
                 fmt::format("standard output takes no more: {}; what was reported is done",
                             std::strerror(errno)),
                 "stdout"};
}

Result<void> print(Json const& json) {
    return print(json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n');
}

void tell(std::string const& text) {
    std::fwrite(text.data(), 1, text.size(), stderr);
    std::fflush(stderr);
}

}  // namespace weir::host
