#include <deque>

#include "host/child/serve_objects.hpp"

namespace weir::host {

namespace {

/// A weir_http over the host's. What it answered stays until the exchange ends.
class HttpOfHost {
public:
    HttpOfHost(HostLine& host, Unpacker& args) : host_{host} {
        abi_.struct_size = sizeof abi_;
        abi_.ctx = this;
        abi_.method = args.text();
        abi_.path = args.text();
        abi_.query = args.text();
        abi_.principal_json = args.text();
        abi_.request_id = args.text();
        std::string_view const body = args.bytes();
        abi_.body = body.data();
        abi_.body_size = body.size();
        abi_.header = [](weir_http const* http, char const* name) {
            return of(http).ask_text(Op::http_header, name);
        };
        abi_.param = [](weir_http const* http, char const* name) {
            return of(http).ask_text(Op::http_param, name);
        };
        abi_.status = [](weir_http const* http, std::uint32_t code) {
            return of(http).host_.ask(Op::http_status, Packer{}.number(code)).status();
        };
        abi_.set_header = [](weir_http const* http, char const* name, char const* value) {
            Packer const said = Packer{}.text(name).text(value);
            return of(http).host_.ask(Op::http_set_header, said).status();
        };
        abi_.write = [](weir_http const* http, void const* data, std::size_t size) {
            return of(http).host_.ask(Op::http_write, Packer{}.bytes(data, size)).status();
        };
    }
    HttpOfHost(HttpOfHost const&) = delete;
    HttpOfHost& operator=(HttpOfHost const&) = delete;
    weir_http const* abi() const { return &abi_; }

private:
    static HttpOfHost& of(weir_http const* http) { return *static_cast<HttpOfHost*>(http->ctx); }
    char const* ask_text(Op op, char const* name) {
        Unpacker answer = host_.ask(op, Packer{}.text(name));
        char const* const text = answer.text();
        return text ? kept_.emplace_back(text).c_str() : nullptr;
    }

    HostLine& host_;
    weir_http abi_{};
    std::deque<std::string> kept_;
};

weir_status on_http(Served& served, ServedInstance& instance, weir_error& error) {
    char const* const route = served.args.text();
    HttpOfHost const http{served.host, served.args};
    return instance.component.service->on_http(instance.handle, served.call, route, http.abi(),
                                               &error);
}

weir_status on_event(Served& served, ServedInstance& instance, weir_error& error) {
    char const* const topic = served.args.text();
    char const* const id = served.args.text();
    std::string_view const data = served.args.bytes();
    return instance.component.service->on_event(instance.handle, served.call, topic, id,
                                                data.data(), data.size(), &error);
}

weir_status on_invoke(Served& served, ServedInstance& instance, weir_error& error) {
    char const* const caller = served.args.text();
    char const* const service = served.args.text();
    char const* const method = served.args.text();
    std::string_view const in = served.args.bytes();
    OutToHost const out{served.host};
    return instance.component.service->on_invoke(instance.handle, served.call, caller, service,
                                                 method, in.data(), in.size(), out.abi(), &error);
}

weir_status on_timer(Served& served, ServedInstance& instance, weir_error& error) {
    std::int64_t const due = served.args.integer(), now = served.args.integer();
    return instance.component.service->on_timer(instance.handle, served.call, due, now, &error);
}

weir_status start(Served& served, ServedInstance& instance, weir_error& error) {
    weir_service const& table = *instance.component.service;
    if (!WEIR_HAS(&table, weir_service, start)) return WEIR_OK;
    return table.start(instance.handle, served.call, &error);
}

weir_status stop(Served& served, ServedInstance& instance, weir_error& error) {
    return instance.component.service->stop(instance.handle, served.call, &error);
}

}  // namespace

void serve_service(Op op, Served& served) {
    auto& instance = *served.args.pointer<ServedInstance>();
    weir_error error = no_error();
    weir_status status = WEIR_E_UNSUPPORTED;
    switch (op) {
        case Op::on_http: status = on_http(served, instance, error); break;
        case Op::on_event: status = on_event(served, instance, error); break;
        case Op::on_invoke: status = on_invoke(served, instance, error); break;
        case Op::on_timer: status = on_timer(served, instance, error); break;
        case Op::start: status = start(served, instance, error); break;
        case Op::stop: status = stop(served, instance, error); break;
        default: break;
    }
    served.settle(status, error);
}

}  // namespace weir::host
