#pragma once

#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "host/http/server.hpp"
#include "host/store/answers.hpp"

namespace weir::host {

/// Answers to requests with an Idempotency-Key: in the store when they were given, in memory while
/// the first request is at work. A host that dies meanwhile has answered nobody, and the request
/// may be sent again. Thread-safe.
class StoredReplays final : public http::Replays {
public:
    explicit StoredReplays(Store& store) : answers_{store} {}

    Result<Begun> begin(std::string const& principal, std::string const& key,
                        std::string const& fingerprint) override;
    void end(std::string const& principal, std::string const& key, std::string const& fingerprint,
             http::Response const* answer) override;
    Result<void> tend() { return answers_.retain(); }

private:
    KeptAnswers answers_;
    std::mutex mutex_;
    std::set<std::pair<std::string, std::string>> at_work_;
};

}  // namespace weir::host
