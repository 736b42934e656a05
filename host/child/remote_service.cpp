#include "host/child/remote.hpp"

namespace weir::host {

namespace {

/// A call on the instance itself, made anew where its process was lost.
template <class Fill>
weir_status ask(weir_instance* self, Op op, char const* what, weir_call const* call,
                weir_error* error, Fill&& fill, RemoteCall::Visit visit = {}) {
    RemoteInstance& instance = RemoteInstance::of(self);
    RemotePlace place;
    if (weir_status const found = instance.place(place, error); found != WEIR_OK) return found;
    RemoteCall remote{instance.library(), place, what, call, error};
    fill(remote.args());
    return remote.visited_by(std::move(visit)).run(op);
}

bool visit_http(weir_http const* http, Op op, Unpacker& args, Packer& out) {
    if (op == Op::http_header) {
        out.text(http->header(http, args.text()));
    } else if (op == Op::http_param) {
        out.text(http->param(http, args.text()));
    } else if (op == Op::http_status) {
        out.number(http->status(http, args.word()));
    } else if (op == Op::http_set_header) {
        char const* const name = args.text();
        out.number(http->set_header(http, name, args.text()));
    } else if (op == Op::http_write) {
        std::string_view const data = args.bytes();
        out.number(http->write(http, data.data(), data.size()));
    } else {
        return false;
    }
    return true;
}

weir_status on_http(weir_instance* self, weir_call const* call, char const* route,
                    weir_http const* http, weir_error* error) {
    auto const fill = [&](Packer& args) {
        args.text(route).text(http->method).text(http->path).text(http->query);
        args.text(http->principal_json).text(http->request_id).bytes(http->body, http->body_size);
    };
    return ask(self, Op::on_http, "on_http", call, error, fill,
               [http](Op op, Unpacker& args, Packer& out) {
                   return visit_http(http, op, args, out);
               });
}

weir_status on_event(weir_instance* self, weir_call const* call, char const* topic,
                     char const* event_id, void const* data, std::size_t size,
                     weir_error* error) {
    return ask(self, Op::on_event, "on_event", call, error,
               [&](Packer& args) { args.text(topic).text(event_id).bytes(data, size); });
}

weir_status on_invoke(weir_instance* self, weir_call const* call, char const* caller,
                      char const* service, char const* method, void const* in, std::size_t size,
                      weir_out const* out, weir_error* error) {
    auto const fill = [&](Packer& args) {
        args.text(caller).text(service).text(method).bytes(in, size);
    };
    return ask(self, Op::on_invoke, "on_invoke", call, error, fill,
               [out](Op op, Unpacker& args, Packer& answer) {
                   return visit_out(out, op, args, answer);
               });
}

weir_status on_timer(weir_instance* self, weir_call const* call, std::int64_t due,
                     std::int64_t now, weir_error* error) {
    return ask(self, Op::on_timer, "on_timer", call, error,
               [&](Packer& args) { args.number(due).number(now); });
}

weir_status start(weir_instance* self, weir_call const* call, weir_error* error) {
    weir_status const status = ask(self, Op::start, "start", call, error, [](Packer&) {});
    if (status == WEIR_OK) RemoteInstance::of(self).was_started(true);
    return status;
}

weir_status stop(weir_instance* self, weir_call const* call, weir_error* error) {
    RemoteInstance& instance = RemoteInstance::of(self);
    instance.was_started(false);
    RemotePlace const place = instance.here();
    if (!place.process || !place.process->is_alive()) return WEIR_OK;  // nothing is left to stop
    return RemoteCall{instance.library(), place, "stop", call, error}.run(Op::stop);
}

weir_status describe(weir_instance* self, weir_out const* json, weir_error* error) {
    return ask(self, Op::describe, "describe", nullptr, error, [](Packer&) {},
               [json](Op op, Unpacker& args, Packer& out) {
                   return visit_out(json, op, args, out);
               });
}

void interrupt(weir_instance* self) {
    RemoteInstance::of(self).interrupt.is_wanted.store(true);
}

}  // namespace

weir_service const remote_service{sizeof(weir_service), 0,     on_http, on_event, on_invoke,
                                  on_timer,             start, stop};
weir_lifecycle const remote_lifecycle{sizeof(weir_lifecycle), 0, describe, interrupt};

}  // namespace weir::host
