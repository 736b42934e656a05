#pragma once

#include <weir/cpp/service.hpp>

#include "keeper.hpp"

namespace weir::cron {

/// The service component: routes below /cron, methods of cron/1, the timer; see plugin.cpp.
class Cron final : public Service {
public:
    Cron(Host const& host, Config const&) : keeper_{host} {}

    void start(Call const& call) override { keeper_.start(call); }
    void on_timer(Call const& call, std::int64_t due_unix_ms, std::int64_t now_unix_ms) override;
    void on_http(Call const& call, std::string_view route, Http& http) override;
    Json on_invoke(Call const& call, Invoke const& invoke) override;

private:
    void list_events(Http& http) const;
    void add_event(Call const& call, Http& http);
    Json invoke_forget(Call const& call, Invoke const& invoke);
    Json invoke_list(Invoke const& invoke) const;
    Json answer_list(Book::Filter filter) const;
    Json answer_explain(Json const& in) const;

    Keeper keeper_;
};

}  // namespace weir::cron
