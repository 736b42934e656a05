#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

#include "../service.h"
#include "config.hpp"
#include "host.hpp"
#include "http.hpp"

namespace weir {

/// An event of a topic that the component declares. After the host was killed the last ones of a
/// topic may come again, in order: who must not count one twice keeps number() with what it did.
struct Event {
    std::string_view topic, id;
    Json data;

    /// `id` as the number that it is; it grows within the topic.
    std::uint64_t number() const {
        std::uint64_t out = 0;
        std::from_chars(id.data(), id.data() + id.size(), out);
        return out;
    }
};

/// A call of a method that the component declares. `caller`: a plugin's id, or "host".
struct Invoke {
    std::string_view caller, service, method;
    Json in;
};

/// A plugin that answers what its component declares in meta_json; constructed from (Host, Config)
/// without I/O and threads. Members are called by several threads at once and may block as long as
/// their call lasts. What is declared and not overridden answers E_UNSUPPORTED.
class Service {
public:
    virtual ~Service() = default;

    /// Before every other call: the services that the component requires can be reached. When it
    /// throws it leaves nothing behind, and stop() does not come.
    virtual void start(Call const&) {}
    /// No call begins after this; one that did not heed its cancellation may still be inside.
    /// Joins every thread of the instance.
    virtual void stop(Call const&) {}

    /// `route`: the id that was declared with it. Throws Error or Problems, or replies.
    virtual void on_http(Call const&, std::string_view route, Http&) {
        throw unsupported("route", route);
    }
    /// Returns: the event is done. Throws: it comes again later. One at a time per topic.
    virtual void on_event(Call const&, Event const& event) {
        throw unsupported("topic", event.topic);
    }
    /// Answers the method's result.
    virtual Json on_invoke(Call const&, Invoke const& invoke) {
        throw unsupported("method", invoke.method);
    }
    /// The aim of Host::timer() was reached; one at a time.
    virtual void on_timer(Call const&, std::int64_t due_unix_ms, std::int64_t now_unix_ms) {
        (void)due_unix_ms, (void)now_unix_ms;
        throw unsupported("timer", "weir.timer/1");
    }

private:
    static Error unsupported(char const* what, std::string_view name) {
        return Error{WEIR_E_UNSUPPORTED, std::string{"the "} + what + " " + std::string{name} +
                                             " is declared, and nothing answers it"};
    }
};

namespace detail {

/// The table of calls for any Service.
template <class Instance>
weir_service const* service_table() {
    static constexpr auto of = [](weir_instance* instance) -> Service& {
        return *reinterpret_cast<Instance*>(instance);
    };
    static weir_service const table{
        sizeof(weir_service),
        0,
        [](weir_instance* instance, weir_call const* call, char const* route,
           weir_http const* handle, weir_error* error) {
            return barrier(error, [&] {
                Http http{handle};
                try {
                    of(instance).on_http(Call{call}, route, http);
                } catch (Problems const& problems) {
                    std::string const text = dump_json(problems.json());
                    if (!http.has_replied()) handle->write(handle, text.data(), text.size());
                    throw;
                }
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, char const* topic, char const* event_id,
           void const* data, std::size_t size, weir_error* error) {
            return barrier(error, [&] {
                std::string_view const text{static_cast<char const*>(data), size};
                of(instance).on_event(Call{call}, {topic, event_id, parse_json(text, "the event")});
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, char const* caller, char const* service,
           char const* method, void const* in, std::size_t size, weir_out const* out,
           weir_error* error) {
            return barrier(error, [&] {
                std::string_view const text{static_cast<char const*>(in), size};
                try {
                    Json const answer = of(instance).on_invoke(
                        Call{call}, {caller, service, method, parse_json(text, "the request")});
                    write_out(out, dump_json(answer));
                } catch (Problems const& problems) {
                    write_out(out, dump_json(problems.json()));
                    throw;
                }
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, std::int64_t due, std::int64_t now,
           weir_error* error) {
            return barrier(error, [&] {
                of(instance).on_timer(Call{call}, due, now);
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, weir_error* error) {
            return barrier(error, [&] {
                of(instance).start(Call{call});
                return WEIR_OK;
            });
        },
        [](weir_instance* instance, weir_call const* call, weir_error* error) {
            return barrier(error, [&] {
                of(instance).stop(Call{call});
                return WEIR_OK;
            });
        }};
    return &table;
}

}  // namespace detail
}  // namespace weir
