#include "host/core/prometheus.hpp"

#include <fmt/format.h>

#include <iterator>

namespace weir::host {

namespace {

void append_escaped(std::string& out, std::string_view value) {
    for (char const c : value) {
        if (c == '\n') {
            out += "\\n";
            continue;
        }
        if (c == '\\' || c == '"') out += '\\';
        out += c;
    }
}

}  // namespace

void Histogram::add(double value) {
    ++count_;
    sum_ += value;
    for (std::size_t i = 0; i < bounds_.size(); ++i)
        if (value <= bounds_[i]) ++up_to_[i];
}

void Histogram::add(Histogram const& other) {
    count_ += other.count_;
    sum_ += other.sum_;
    for (std::size_t i = 0; i < up_to_.size(); ++i) up_to_[i] += other.up_to_[i];
}

void PrometheusText::family(std::string_view name, std::string_view kind, std::string_view help) {
    name_ = name;
    text += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name, help, name, kind);
}

void PrometheusText::sample(Labels const& labels, double value) { line("", labels, value); }

void PrometheusText::sample(Labels const& labels, Histogram const& histogram) {
    Labels with_bound = labels;
    with_bound.emplace_back("le", "");
    for (std::size_t i = 0; i < histogram.bounds_.size(); ++i) {
        std::string const bound = fmt::format("{}", histogram.bounds_[i]);
        with_bound.back().second = bound;
        line("_bucket", with_bound, static_cast<double>(histogram.up_to_[i]));
    }
    with_bound.back().second = "+Inf";
    line("_bucket", with_bound, static_cast<double>(histogram.count_));
    line("_sum", labels, histogram.sum_);
    line("_count", labels, static_cast<double>(histogram.count_));
}

void PrometheusText::single(std::string_view name, std::string_view kind, std::string_view help,
                            double value) {
    family(name, kind, help);
    sample({}, value);
}

void PrometheusText::line(std::string_view suffix, Labels const& labels, double value) {
    text += name_;
    text += suffix;
    char before = '{';
    for (auto const& [name, label] : labels) {
        text += before;
        text += name;
        text += "=\"";
        append_escaped(text, label);
        text += '"';
        before = ',';
    }
    if (!labels.empty()) text += '}';
    constexpr double whole_max = 9e15;
    bool const is_whole = value >= -whole_max && value <= whole_max &&
                          value == static_cast<double>(static_cast<std::int64_t>(value));
    if (is_whole)
        fmt::format_to(std::back_inserter(text), " {}\n", static_cast<std::int64_t>(value));
    else
        fmt::format_to(std::back_inserter(text), " {}\n", value);
}

}  // namespace weir::host
