#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>

namespace weir::host::http {

/// What went through the server, for /metrics. Thread-safe. Labels are methods, templates of routes
/// and statuses, never paths, so their number is bounded by the live routes.
class Traffic {
public:
    std::atomic<std::int64_t> connections{0}, streams{0};

    /// `route`: its template; empty: none was found.
    void answered(std::string const& method, std::string const& route, unsigned status,
                  std::int64_t duration_ns);
    /// Prometheus text 0.0.4.
    std::string text() const;

private:
    static constexpr std::array bounds_ms{1, 5, 25, 100, 500, 2'500, 10'000};
    struct Histogram {
        std::array<std::uint64_t, bounds_ms.size()> up_to{};
        std::uint64_t count = 0;
        double seconds = 0;
    };

    mutable std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, unsigned>, Histogram> answers_;
};

}  // namespace weir::host::http
