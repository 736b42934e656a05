#include "host/run/job_words.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace weir::host {

namespace {

struct Spelling {
    std::string_view option, field;  ///< of `field` JOB is the name of the job
};

// The longer ones first, where one begins like another.
constexpr std::array spellings{
    Spelling{"add --force if that is meant", "weir job run JOB --force, if that is meant"},
    Spelling{"--mode full --write replace", "destination.mode replace"},
    Spelling{"with --mode full", "after a reset of the job"},
    Spelling{"--mode full", "weir job reset JOB"},
    Spelling{"--mode reconcile --compare values",
             "weir job run JOB --mode reconcile, with reconcile.compare values"},
    Spelling{"--mode reconcile", "weir job run JOB --mode reconcile"},
    Spelling{"--max-delete-fraction", "reconcile.max_delete_fraction"},
    Spelling{"--deleted-at", "destination.deleted_at"},
    Spelling{"--mode", "mode"},
    Spelling{"--write", "destination.mode"},
    Spelling{"--cursor", "source.cursor"},
    Spelling{"--lookback", "source.lookback"},
    Spelling{"--drift", "destination.drift"},
    Spelling{"--with", "destination.with"},
    Spelling{"--row-bytes-max", "source.rowBytesMax"},
    Spelling{"--key", "source.key"},
    Spelling{"--fields", "source.fields"},
    Spelling{"--stream", "source.stream"},
    Spelling{"--to", "destination.table"},
};

bool goes_on(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; }

/// Whether `option` stands in `text` at `at`, not as a part of a longer word.
bool stands_at(std::string_view text, std::size_t at, std::string_view option) {
    if (!text.substr(at).starts_with(option)) return false;
    std::size_t const end = at + option.size();
    return (at == 0 || !goes_on(text[at - 1])) && (end == text.size() || !goes_on(text[end]));
}

void replace_all(std::string& text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != text.npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
}

/// Whether the way out of it is another run that compares.
bool is_of_reconcile(Error const& error) {
    return error.code.starts_with("reconcile.") || error.code == "sink.target_shared";
}

}  // namespace

std::string in_job_words(std::string const& sentence, std::string_view job) {
    std::string out;
    for (std::size_t at = 0; at < sentence.size();) {
        auto const found = std::ranges::find_if(
            spellings, [&](Spelling const& each) { return stands_at(sentence, at, each.option); });
        if (found == spellings.end()) {
            out += sentence[at++];
            continue;
        }
        std::string field{found->field};
        replace_all(field, "JOB", job);
        out += field;
        at += found->option.size();
    }
    return out;
}

Error in_job_words(Error error, std::string_view job) {
    error.message = in_job_words(error.message, job);
    error.suggestion = in_job_words(error.suggestion, job);
    if (is_of_reconcile(error))
        replace_all(error.suggestion, " --force", " --mode reconcile --force");
    return error;
}

void put_in_job_words(CopyReport& report, std::string_view job) {
    if (report.error) report.error = in_job_words(std::move(*report.error), job);
    for (StreamReport& stream : report.streams) {
        if (stream.error) stream.error = in_job_words(std::move(*stream.error), job);
        for (std::string& note : stream.notes) note = in_job_words(note, job);
    }
}

}  // namespace weir::host
