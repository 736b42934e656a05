#include "host/run/job_words.hpp"

#include <array>
#include <cctype>
#include <string_view>

namespace weir::host {

namespace {

struct Spelling {
    std::string_view option, field;
};

// The longer ones first, where one begins like another.
constexpr std::array spellings{
    Spelling{"add --force if that is meant", "run it once with ?force=true if that is meant"},
    Spelling{"with --mode full", "after a reset of the job"},
    Spelling{"--mode full", "reset the job"},
    Spelling{"--mode", "mode"},
    Spelling{"--write", "destination.mode"},
    Spelling{"--cursor", "source.cursor"},
    Spelling{"--key", "source.key"},
    Spelling{"--fields", "source.fields"},
    Spelling{"--stream", "source.stream"},
    Spelling{"--to", "destination.table"},
};

bool goes_on(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '-'; }

/// Where `option` stands in `text` at or behind `from`, not as a part of a longer word.
std::size_t find_option(std::string const& text, std::string_view option, std::size_t from) {
    for (std::size_t at = text.find(option, from); at != text.npos;
         at = text.find(option, at + 1)) {
        std::size_t const end = at + option.size();
        bool const is_cut = (at > 0 && goes_on(text[at - 1])) ||
                            (end < text.size() && goes_on(text[end]));
        if (!is_cut) return at;
    }
    return text.npos;
}

}  // namespace

std::string in_job_words(std::string sentence) {
    if (sentence.find("--") == sentence.npos) return sentence;
    for (Spelling const& each : spellings)
        for (std::size_t at = find_option(sentence, each.option, 0); at != sentence.npos;
             at = find_option(sentence, each.option, at + each.field.size()))
            sentence.replace(at, each.option.size(), each.field);
    return sentence;
}

Error in_job_words(Error error) {
    error.message = in_job_words(std::move(error.message));
    error.suggestion = in_job_words(std::move(error.suggestion));
    return error;
}

void put_in_job_words(CopyReport& report) {
    if (report.error) report.error = in_job_words(std::move(*report.error));
    for (StreamReport& stream : report.streams) {
        if (stream.error) stream.error = in_job_words(std::move(*stream.error));
        for (std::string& note : stream.notes) note = in_job_words(std::move(note));
    }
}

}  // namespace weir::host
