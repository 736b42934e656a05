#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "host/store/store.hpp"

namespace weir::host {

/// An answer that was given to a request with an Idempotency-Key.
struct KeptAnswer {
    std::string fingerprint;  ///< of the request
    unsigned status = 0;
    std::string headers, content_type, body;  ///< headers: JSON, [[name,value]]
};

/// What was answered, by principal and key. Thread-safe; durable on return.
class KeptAnswers {
public:
    static constexpr std::int64_t hours_max = 24;
    static constexpr std::size_t answers_max = 100'000;        ///< beyond: the oldest go
    static constexpr std::size_t body_bytes_max = 256u << 10;  ///< a larger one is not kept

    explicit KeptAnswers(Store& store) : store_{store} {}

    Result<std::optional<KeptAnswer>> find(std::string const& principal, std::string const& key);
    Result<void> put(std::string const& principal, std::string const& key,
                     KeptAnswer const& answer);
    /// To be called now and then.
    Result<void> retain();

private:
    Store& store_;
};

}  // namespace weir::host
