#include "host/abi/service_proxy.hpp"

#include <fmt/format.h>

#include "host/abi/http_exchange.hpp"
#include "host/abi/instance_object.hpp"
#include "host/abi/shared_boundary.hpp"
#include "weir/service.h"

namespace weir::host {

namespace {

constexpr std::size_t method_bytes_max = 1u << 20;

}  // namespace

ServiceProxy::ServiceProxy(std::shared_ptr<InstanceObject> instance)
    : object_{std::move(instance)} {}

ComponentInfo const& ServiceProxy::info() const { return *object_->component().info; }
std::string const& ServiceProxy::plugin() const { return object_->component().generation->id(); }
bool ServiceProxy::is_running() const { return object_->shared().is_open(); }

Result<void> ServiceProxy::start(CallContext const& call) {
    weir_service const& table = *object_->component().service;
    SharedBoundary& boundary = object_->shared();
    if (boundary.is_open())
        return Error{WEIR_E_STATE, "service.running",
                     fmt::format("{} runs already", boundary.judge().who())};
    if (WEIR_HAS(&table, weir_service, start)) {
        Result<void> const started = boundary.run("start", call, [&](weir_error* error) {
            return table.start(object_->handle(), call.abi(), error);
        });
        if (!started) return started;
    }
    boundary.open();
    return {};
}

Result<void> ServiceProxy::stop(CallContext const& call) {
    weir_service const& table = *object_->component().service;
    SharedBoundary& boundary = object_->shared();
    if (!boundary.is_open()) return {};
    std::int64_t const inside = boundary.close(call);
    if (inside > 0)
        object_->host().services().log.log(
            3, boundary.judge().who(),
            fmt::format("{} calls are still inside and were given up", inside));
    if (!WEIR_HAS(&table, weir_service, stop)) return {};
    // What ran out of time still has to let go of its threads.
    CallContext const unlimited{object_->host().services().clock};
    return boundary.run("stop", unlimited, [&](weir_error* error) {
        return table.stop(object_->handle(), unlimited.abi(), error);
    });
}

HttpAnswer ServiceProxy::on_http(std::string const& route, HttpRequest const& request,
                                 CallContext const& call) const {
    weir_service const& table = *object_->component().service;
    SharedBoundary& boundary = object_->shared();
    HttpExchange exchange{request};
    Result<void> const done = boundary.call("on_http", call, [&](weir_error* error) {
        return table.on_http(object_->handle(), call.abi(), route.c_str(), exchange.abi(), error);
    });
    bool const is_bug = !done && done.error().status == WEIR_E_INTERNAL;
    // What failed because of its own misuse says less than that.
    bool const has_answer = exchange.has_status() || exchange.is_broken();
    if (!done && (is_bug || !has_answer))
        return HttpAnswer{done.error(), findings_in(exchange.written()),
                          blockers_in(exchange.written())};
    if (std::string const why = exchange.broken(); !why.empty())
        return HttpAnswer{boundary.judge().broken("on_http", fmt::format("{} on {}", why, route))};
    if (!done)
        object_->host().services().log.log(
            3, boundary.judge().who(),
            fmt::format("on_http() answered {} and failed then: {}", route, done.error().message));
    return exchange.take();
}

Result<void> ServiceProxy::on_event(std::string const& topic, std::string const& event_id,
                                    std::string_view data, CallContext const& call) const {
    weir_service const& table = *object_->component().service;
    return object_->shared().call("on_event", call, [&](weir_error* error) {
        return table.on_event(object_->handle(), call.abi(), topic.c_str(), event_id.c_str(),
                              data.data(), data.size(), error);
    });
}

MethodAnswer ServiceProxy::on_invoke(std::string const& caller, std::string const& service,
                                     std::string const& method, nlohmann::json const& in,
                                     CallContext const& call) const {
    weir_service const& table = *object_->component().service;
    SharedBoundary& boundary = object_->shared();
    std::string const text = in.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    CollectedText out{method_bytes_max};
    Result<void> const done = boundary.call("on_invoke", call, [&](weir_error* error) {
        return table.on_invoke(object_->handle(), call.abi(), caller.c_str(), service.c_str(),
                               method.c_str(), text.data(), text.size(), out.abi(), error);
    });
    if (!done) return MethodAnswer{done.error(), findings_in(out.text())};
    auto broken = [&](char const* why) {
        return boundary.judge().broken("on_invoke", fmt::format("{} on {}", why, method));
    };
    if (out.is_over()) return broken("answered more than 1 MiB");
    nlohmann::json answer = nlohmann::json::parse(out.text(), nullptr, false);
    if (answer.is_discarded()) return broken("answered no JSON");
    return MethodAnswer{std::move(answer)};
}

Result<void> ServiceProxy::on_timer(std::int64_t due_unix_ms, std::int64_t now_unix_ms,
                                    CallContext const& call) const {
    weir_service const& table = *object_->component().service;
    return object_->shared().call("on_timer", call, [&](weir_error* error) {
        return table.on_timer(object_->handle(), call.abi(), due_unix_ms, now_unix_ms, error);
    });
}

}  // namespace weir::host
