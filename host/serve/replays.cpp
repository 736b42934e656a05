#include "host/serve/replays.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

http::Response response_of(KeptAnswer const& kept) {
    http::Response response;
    response.status = kept.status;
    response.content_type = kept.content_type;
    response.body = kept.body;
    Json const headers = Json::parse(kept.headers, nullptr, false);
    if (headers.is_array())
        for (Json const& each : headers) response.headers.emplace_back(each.at(0), each.at(1));
    return response;
}

}  // namespace

Result<http::Replays::Begun> StoredReplays::begin(std::string const& principal,
                                                  std::string const& key,
                                                  std::string const& fingerprint) {
    {
        std::lock_guard const lock{mutex_};
        if (!at_work_.emplace(principal, key).second) return Begun{How::at_work, {}};
    }
    Result<std::optional<KeptAnswer>> kept = answers_.find(principal, key);
    if (kept && !*kept) return Begun{};
    end(principal, key, fingerprint, nullptr);
    if (!kept) return kept.error();
    if ((*kept)->fingerprint != fingerprint) return Begun{How::other_request, {}};
    return Begun{How::replayed, response_of(**kept)};
}

void StoredReplays::end(std::string const& principal, std::string const& key,
                        std::string const& fingerprint, http::Response const* answer) {
    if (answer && answer->body.size() <= KeptAnswers::body_bytes_max) {
        Json headers = Json::array();
        for (auto const& [name, value] : answer->headers) headers.push_back({name, value});
        // Not kept, the work may be done twice by who asks twice; the first has its answer.
        (void)answers_.put(principal, key,
                           {fingerprint, answer->status, headers.dump(), answer->content_type,
                            answer->body});
    }
    std::lock_guard const lock{mutex_};
    at_work_.erase({principal, key});
}

}  // namespace weir::host
