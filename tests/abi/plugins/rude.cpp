// A service whose table is written by hand and does what the route, topic or method is named.
#include <weir/host.h>
#include <weir/module.h>
#include <weir/service.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <thread>

namespace {

struct Rude {
    weir_host const* host;
};

void log(weir_instance* instance, char const* text) {
    weir_host const* host = reinterpret_cast<Rude*>(instance)->host;
    auto const* table = static_cast<weir_log const*>(host->service(host, "weir.log/1"));
    table->log(host, 2, text);
}

weir_status fail(weir_error* error, weir_status status, char const* message) {
    std::strncpy(error->message, message, sizeof error->message - 1);
    return status;
}

/// Says that it is inside, and goes on until it is not wanted any more.
weir_status wait_until_unwanted(weir_instance* instance, weir_call const* call) {
    log(instance, "inside");
    while (!call->cancelled(call)) std::this_thread::yield();
    log(instance, "done");
    return WEIR_E_CANCELLED;
}

void text(weir_http const* http, std::string const& body) {
    http->write(http, body.data(), body.size());
}

weir_status on_http(weir_instance* instance, weir_call const* call, char const* route,
                    weir_http const* http, weir_error* error) {
    std::string const deed = route;
    if (deed == "throws") throw std::runtime_error{"rude"};
    if (deed == "unknown_status") return -77;
    if (deed == "positive_status") return 7;
    if (deed == "waits") return wait_until_unwanted(instance, call);
    if (deed == "ignores_the_end") {
        wait_until_unwanted(instance, call);
        http->status(http, 200);
        return WEIR_OK;
    }
    if (deed == "no_status") return WEIR_OK;
    if (deed == "body_without_status") return text(http, "{}"), WEIR_OK;
    if (deed == "status_after_body") return text(http, "{}"), http->status(http, 200), WEIR_OK;
    if (deed == "status_1000") return http->status(http, 1000), WEIR_OK;
    if (deed == "status_99") return http->status(http, 99);
    if (deed == "findings_that_are_none") {
        text(http, R"({"errors":[17,{"pointer":3,"code":"c","detail":"d )"
                   "\xff"
                   R"("}]})");
        return fail(error, WEIR_E_CONFIG, "one of several");
    }
    http->status(http, deed == "body_of_204" ? 204 : 200);
    if (deed == "status_twice") http->status(http, 201);
    if (deed == "fails_after_status") {
        text(http, "{}");
        return fail(error, WEIR_E_IO, "too late");
    }
    if (deed == "throws_after_status") throw std::runtime_error{"rude"};
    if (deed == "header_of_the_host") http->set_header(http, "Content-Length", "12");
    if (deed == "header_split") http->set_header(http, "x-a", "b\r\nset-cookie: c");
    if (deed == "header_without_name") http->set_header(http, "", "b");
    if (deed == "null_header") http->set_header(http, "x-a", nullptr);
    if (deed == "many_headers")
        for (int i = 0; i < 100; ++i) http->set_header(http, "x-a", "b");
    text(http, deed == "no_json" ? "{\"a\":" : "{\"a\":1}");
    if (deed == "header_after_body") http->set_header(http, "x-a", "b");
    if (deed == "endless") {
        std::string const part(1 << 20, ' ');
        while (http->write(http, part.data(), part.size()) == WEIR_OK) {
        }
    }
    return WEIR_OK;
}

weir_status on_event(weir_instance*, weir_call const*, char const* topic, char const*, void const*,
                     std::size_t, weir_error* error) {
    if (std::strcmp(topic, "throws") == 0) throw 17;
    return fail(error, WEIR_E_BUSY, "not now");
}

weir_status on_invoke(weir_instance*, weir_call const*, char const*, char const*,
                      char const* method, void const*, std::size_t, weir_out const* out,
                      weir_error* error) {
    std::string const deed = method;
    if (deed == "throws") throw std::runtime_error{"rude"};
    if (deed == "unknown_status") return -77;
    if (deed == "no_json") return out->write(out->ctx, "{", 1);
    if (deed == "nothing") return WEIR_OK;
    if (deed == "endless") {
        std::string const part(1 << 20, ' ');
        while (out->write(out->ctx, part.data(), part.size()) == WEIR_OK) {
        }
        return WEIR_OK;
    }
    return fail(error, WEIR_E_CONFIG, "no such deed");
}

weir_status on_timer(weir_instance*, weir_call const*, std::int64_t, std::int64_t, weir_error*) {
    throw std::runtime_error{"rude"};
}

constexpr weir_service table{
    sizeof(weir_service), 0, on_http, on_event, on_invoke, on_timer, nullptr, nullptr};

constexpr char meta[] = R"({"mounts":["/rude"],"provides":["rude/1"],
    "routes":[{"id":"throws","method":"GET","path":"/rude/{deed}","scope":"none"}],
    "topics":[{"topic":"*"}],"methods":[{"service":"rude/1","method":"throws"}],
    "timer":true,"requires":["weir.timer/1"]})";

constexpr weir_component component{
    sizeof(weir_component),
    0,
    WEIR_ROLE_SERVICE,
    0,
    "rude",
    "Rude",
    R"({"type":"object"})",
    meta,
    [](weir_host const* host, char const*, weir_instance** out, weir_error*) -> weir_status {
        *out = reinterpret_cast<weir_instance*>(new Rude{host});
        return WEIR_OK;
    },
    [](weir_instance* instance) { delete reinterpret_cast<Rude*>(instance); },
    [](char const* id) -> void const* {
        return std::strcmp(id, "weir.service/1") == 0 ? &table : nullptr;
    }};
constexpr weir_component const* components[] = {&component};
constexpr weir_module module_of_it{
    sizeof(weir_module), 0, WEIR_ABI_MAJOR, WEIR_ABI_MINOR, "dev.weir.test.rude", "1.0.0", 1, 0,
    components};

}  // namespace

extern "C" weir_module const* weir_module_entry(std::uint32_t, std::uint32_t) {
    return &module_of_it;
}
