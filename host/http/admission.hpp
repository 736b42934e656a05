#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "host/core/clock.hpp"
#include "host/http/principal.hpp"
#include "host/http/server.hpp"

namespace weir::host::http {

/// How often somebody may ask: a bucket of requests per token, a smaller one for what reaches other
/// systems, and one of wrong tokens per address. The scope `admin` is not limited. One thread.
class Admission {
public:
    static constexpr std::size_t buckets_max = 10'000;  ///< beyond: those that are full are dropped

    Admission(ServerLimits const& limits, Clock const& clock) : limits_{limits}, clock_{clock} {}

    /// Takes one request; 0: it may go on, else how many ms to wait.
    std::int64_t take(Principal const& who, bool is_costly);
    /// Counts a wrong token; 0: answer it as wrong, else how many ms to wait.
    std::int64_t take_wrong(std::string const& address);

private:
    struct Bucket {
        double left = 0;
        std::int64_t filled_ns = 0;
    };
    using Buckets = std::unordered_map<std::string, Bucket>;
    std::int64_t take(Buckets& buckets, std::string const& name, double per_s, double burst);

    ServerLimits const& limits_;
    Clock const& clock_;
    Buckets requests_, costly_, wrong_;
};

}  // namespace weir::host::http
