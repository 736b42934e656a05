#include "times.hpp"

#include <chrono>
#include <weir/cpp/calendar.hpp>

namespace weir::mysql {
namespace {

constexpr std::int64_t second_us = 1'000'000;
constexpr std::int64_t day_us = 86'400 * second_us;

std::uint32_t little(unsigned char const* from, std::size_t bytes) {
    std::uint32_t out = 0;
    for (std::size_t i = bytes; i > 0; --i) out = out << 8 | from[i - 1];
    return out;
}

[[noreturn]] void refuse() {
    throw Error{WEIR_E_INTERNAL, "the server sends a date or time of another form"};
}

/// `number` in at least `digits` digits.
void print(std::uint64_t number, std::size_t digits, std::string& out) {
    char text[20];
    std::size_t size = 0;
    for (; number > 0 || size < digits; number /= 10)
        text[size++] = static_cast<char>('0' + number % 10);
    while (size > 0) out += text[--size];
}

}  // namespace

Moment moment_of(RawValue const& value) {
    Moment out;
    unsigned char const* const at = value.data;
    if (value.size != 0 && value.size != 4 && value.size != 7 && value.size != 11) refuse();
    if (value.size >= 4) {
        out.year = little(at, 2);
        out.month = at[2];
        out.day = at[3];
    }
    if (value.size >= 7) {
        out.hour = at[4];
        out.minute = at[5];
        out.second = at[6];
    }
    if (value.size == 11) out.microsecond = little(at + 7, 4);
    return out;
}

Span span_of(RawValue const& value) {
    Span out;
    unsigned char const* const at = value.data;
    if (value.size != 0 && value.size != 8 && value.size != 12) refuse();
    if (value.size == 0) return out;
    out.negative = at[0] != 0;
    out.hours = std::uint64_t{little(at + 1, 4)} * 24 + at[5];
    out.minute = at[6];
    out.second = at[7];
    if (value.size == 12) out.microsecond = little(at + 8, 4);
    return out;
}

Moment moment_of(std::int64_t us) {
    std::int64_t const days = us / day_us - (us % day_us < 0);
    auto const rest = static_cast<std::uint64_t>(us - days * day_us);
    Civil const date = civil_of(days);
    auto const seconds = static_cast<unsigned>(rest / second_us);
    return {static_cast<unsigned>(date.year),
            date.month,
            date.day,
            seconds / 3600,
            seconds / 60 % 60,
            seconds % 60,
            static_cast<unsigned>(rest % second_us)};
}

std::optional<std::int64_t> days_of(Moment const& moment) {
    std::chrono::year_month_day const date{std::chrono::year{static_cast<int>(moment.year)},
                                           std::chrono::month{moment.month},
                                           std::chrono::day{moment.day}};
    if (!date.ok() || moment.year == 0) return std::nullopt;
    return std::chrono::sys_days{date}.time_since_epoch().count();
}

std::optional<std::int64_t> microseconds_of(Moment const& moment) {
    std::optional<std::int64_t> const days = days_of(moment);
    if (!days) return std::nullopt;
    std::int64_t const seconds =
        std::int64_t{moment.hour} * 3600 + moment.minute * 60 + moment.second;
    return *days * day_us + seconds * second_us + moment.microsecond;
}

std::optional<std::int64_t> time_of_day(Span const& span) {
    bool const is_zero =
        span.hours == 0 && span.minute == 0 && span.second == 0 && span.microsecond == 0;
    if (span.hours > 23 || (span.negative && !is_zero)) return std::nullopt;
    std::int64_t const seconds =
        static_cast<std::int64_t>(span.hours) * 3600 + span.minute * 60 + span.second;
    return seconds * second_us + span.microsecond;
}

void print_date(Moment const& moment, std::string& out) {
    print(moment.year, 4, out);
    out += '-';
    print(moment.month, 2, out);
    out += '-';
    print(moment.day, 2, out);
}

void print_datetime(Moment const& moment, char between, std::string& out) {
    print_date(moment, out);
    out += between;
    print_span({false, moment.hour, moment.minute, moment.second, moment.microsecond}, out);
}

void print_span(Span const& span, std::string& out) {
    if (span.negative) out += '-';
    print(span.hours, 2, out);
    out += ':';
    print(span.minute, 2, out);
    out += ':';
    print(span.second, 2, out);
    out += '.';
    print(span.microsecond, 6, out);
}

}  // namespace weir::mysql
