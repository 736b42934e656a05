// Includes Asio: as session.hpp.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>

#include "host/http/router.hpp"
#include "host/http/worker_pool.hpp"

namespace weir::host::http {

namespace net = boost::asio;

using Work = std::function<Response()>;

/// Runs `work` on `pool` and resumes the caller where it was; nothing when the pool is full.
inline net::awaitable<std::optional<Response>> on_worker(WorkerPool& pool, Work work) {
    auto start = [](auto resume, WorkerPool* on, Work what) {
        auto home = net::get_associated_executor(resume);
        auto waiting = std::make_shared<decltype(resume)>(std::move(resume));
        auto finish = [home, waiting](std::optional<Response> answer) {
            auto hop = [waiting, answer = std::move(answer)]() mutable {
                auto resumed = std::move(*waiting);
                resumed(std::move(answer));
            };
            net::post(home, std::move(hop));
        };
        if (!on->post([finish, what = std::move(what)] { finish(what()); })) finish(std::nullopt);
    };
    return net::async_initiate<net::use_awaitable_t<> const, void(std::optional<Response>)>(
        start, net::use_awaitable, &pool, std::move(work));
}

}  // namespace weir::host::http
