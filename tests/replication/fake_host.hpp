#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>
#include <weir/cpp/service.hpp>

namespace weir::replication {

/// A host in memory: documents, secrets, and a bus whose other ends the test plays.
class FakeHost {
public:
    using Method = std::function<Json(Json const&)>;

    FakeHost();
    FakeHost(FakeHost const&) = delete;

    Host host() const { return Host{&host_}; }
    weir_call const* call() const { return &call_; }

    /// "cron/1 add_event" → what answers it; a thrown Error is the method's.
    std::map<std::string, Method> methods;
    /// What was asked of a method, in order.
    std::vector<Json> asked(std::string const& method) const;
    void forget_asked() { asked_.clear(); }

    std::map<std::string, std::map<std::string, std::pair<Json, std::uint64_t>>> documents;
    std::map<std::string, std::string> secrets;
    struct Published {
        std::string topic, key;
        Json data;
    };
    std::vector<Published> published;  ///< with changes of the store
    std::vector<Published> told;       ///< by the bus alone
    std::vector<std::string> said;
    std::int64_t now_us = 1'800'000'000'000'000;

private:
    struct Tables;
    static FakeHost& of(weir_host const* host) { return *static_cast<FakeHost*>(host->ctx); }

    weir_host host_{};
    weir_call call_{};
    mutable std::mutex mutex_;
    std::vector<std::pair<std::string, Json>> asked_;
};

/// One HTTP exchange with a service.
struct Exchange {
    std::string body;
    std::map<std::string, std::string> params, headers;
    std::string query;

    std::uint32_t status = 0;
    std::map<std::string, std::string> answer_headers;
    std::string answer;
    std::string code;  ///< of the error that was thrown; its status in `failed`
    weir_status failed = WEIR_OK;

    /// Asks `service`; fills what stands below the blank line.
    void ask(Service& service, weir_call const* call, std::string const& route);
    Json json() const { return answer.empty() ? Json() : Json::parse(answer); }
};

}  // namespace weir::replication
