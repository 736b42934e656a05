#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::host {

/// How often a measured value lay below each of some bounds. A value.
class Histogram {
public:
    /// `bounds`, ascending, outlive it.
    explicit Histogram(std::span<double const> bounds) : bounds_{bounds}, up_to_(bounds.size()) {}

    void add(double value);
    /// Of the same bounds.
    void add(Histogram const& other);

private:
    friend class PrometheusText;
    std::span<double const> bounds_;
    std::vector<std::uint64_t> up_to_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
};

/// Figures as Prometheus text 0.0.4. A family is begun once, its samples follow it.
class PrometheusText {
public:
    using Labels = std::vector<std::pair<std::string_view, std::string_view>>;

    /// `kind`: counter, gauge, histogram.
    void family(std::string_view name, std::string_view kind, std::string_view help);
    /// Whole numbers are written whole.
    void sample(Labels const& labels, double value);
    void sample(Labels const& labels, Histogram const& histogram);
    /// A family of one sample without labels.
    void single(std::string_view name, std::string_view kind, std::string_view help, double value);

    std::string text;

private:
    void line(std::string_view suffix, Labels const& labels, double value);
    std::string name_;
};

}  // namespace weir::host
