#include "host/http/traffic.hpp"

#include <fmt/format.h>

namespace weir::host::http {

void Traffic::answered(std::string const& method, std::string const& route, unsigned status,
                       std::int64_t duration_ns) {
    std::lock_guard const lock{mutex_};
    Histogram& histogram = answers_[{method, route, status}];
    ++histogram.count;
    histogram.seconds += static_cast<double>(duration_ns) / 1e9;
    for (std::size_t i = 0; i < bounds_ms.size(); ++i)
        if (duration_ns <= std::int64_t{bounds_ms[i]} * 1'000'000) ++histogram.up_to[i];
}

std::string Traffic::text() const {
    constexpr char const* name = "weir_http_request_duration_seconds";
    std::string out = fmt::format(
        "# HELP weir_http_connections Open connections.\n# TYPE weir_http_connections gauge\n"
        "weir_http_connections {}\n# HELP weir_event_streams Answers that go on.\n"
        "# TYPE weir_event_streams gauge\nweir_event_streams {}\n# HELP {} From the head of a "
        "request to its answer.\n# TYPE {} histogram\n",
        connections.load(), streams.load(), name, name);
    std::lock_guard const lock{mutex_};
    for (auto const& [key, histogram] : answers_) {
        auto const& [method, route, status] = key;
        std::string const labels =
            fmt::format("method=\"{}\",route=\"{}\",code=\"{}\"", method, route, status);
        for (std::size_t i = 0; i < bounds_ms.size(); ++i)
            out += fmt::format("{}_bucket{{{},le=\"{}\"}} {}\n", name, labels,
                               static_cast<double>(bounds_ms[i]) / 1000, histogram.up_to[i]);
        out += fmt::format("{}_bucket{{{},le=\"+Inf\"}} {}\n", name, labels, histogram.count);
        out += fmt::format("{}_sum{{{}}} {}\n", name, labels, histogram.seconds);
        out += fmt::format("{}_count{{{}}} {}\n", name, labels, histogram.count);
    }
    return out;
}

}  // namespace weir::host::http
