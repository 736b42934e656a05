#include "host/child/host_desk.hpp"

#include <string>

namespace weir::host {

namespace {

/// A weir_out that keeps what is written: the services check how much that may be.
class Kept {
public:
    weir_out const* abi() const { return &abi_; }
    std::string const& text() const { return text_; }

private:
    static weir_status write(void* self, void const* data, std::size_t size) {
        static_cast<Kept*>(self)->text_.append(static_cast<char const*>(data), size);
        return WEIR_OK;
    }
    std::string text_;
    weir_out abi_{sizeof abi_, 0, this, write};
};

weir_error empty_error() {
    weir_error error{};
    error.struct_size = sizeof error;
    return error;
}

/// One question: its host, whether it names the call under way, and the answer's beginning.
struct Question {
    weir_host const* host;
    weir_call const* call;
    Unpacker& args;
    Packer& out;
    weir_error error = empty_error();

    template <class Table>
    Table const& table(char const* id) const {
        void const* const found = host->service(host, id);
        if (!found) throw BadFrame{"a service that it was not given"};
        return *static_cast<Table const*>(found);
    }
    void answer(weir_status status) {
        out.number(status);
        if (status < 0) out.error(&error);
    }
};

/// What store_list finds goes back in one piece.
struct Found {
    Packer documents;
    std::uint64_t count = 0;
    static weir_status add(void* self, char const* key, std::uint64_t revision, char const* json) {
        auto& found = *static_cast<Found*>(self);
        found.documents.text(key).number(revision).text(json);
        ++found.count;
        return WEIR_OK;
    }
};

void ask_store(Op op, Question& q) {
    auto const& store = q.table<weir_store>("weir.store/1");
    if (op == Op::store_apply)
        return q.answer(store.apply(q.host, q.call, q.args.text(), &q.error));
    char const* const collection = q.args.text();
    char const* const key = q.args.text();
    if (op == Op::store_get) {
        Kept json;
        std::uint64_t revision = 0;
        q.answer(store.get(q.host, q.call, collection, key, json.abi(), &revision, &q.error));
        q.out.number(revision).bytes(json.text());
    } else if (op == Op::store_put) {
        char const* const json = q.args.text();
        std::uint64_t const if_revision = q.args.number();
        std::uint64_t revision = 0;
        q.answer(
            store.put(q.host, q.call, collection, key, json, if_revision, &revision, &q.error));
        q.out.number(revision);
    } else if (op == Op::store_del) {
        q.answer(store.del(q.host, q.call, collection, key, q.args.number(), &q.error));
    } else {
        char const* const after = q.args.text();
        Found found;
        weir_docs const docs{sizeof docs, 0, &found, Found::add};
        q.answer(store.list(q.host, q.call, collection, key, after, q.args.word(), &docs,
                            &q.error));
        q.out.number(found.count).bytes(found.documents.data());
    }
}

void ask_bus(Op op, Question& q) {
    auto const& bus = q.table<weir_bus>("weir.bus/1");
    char const* const one = q.args.text();
    char const* const two = q.args.text();
    std::string_view const data = q.args.bytes();
    if (op == Op::bus_publish)
        return q.answer(
            bus.publish(q.host, q.call, one, two, data.data(), data.size(), &q.error));
    Kept answer;
    q.answer(bus.invoke(q.host, q.call, one, two, data.data(), data.size(), answer.abi(),
                        &q.error));
    q.out.bytes(answer.text());
}

void ask_metrics(Op op, Question& q) {
    auto const& metrics = q.table<weir_metrics>("weir.metrics/1");
    if (op == Op::metric_record) {
        std::uint64_t const id = q.args.number();
        return metrics.record(q.host, id, q.args.real());
    }
    std::uint32_t const kind = q.args.word();
    char const* const name = q.args.text();
    std::uint64_t id = 0;
    q.answer(metrics.define(q.host, kind, name, q.args.text(), &id));
    q.out.number(id);
}

void ask_secrets(Op op, Question& q) {
    auto const& secrets = q.table<weir_secrets>("weir.secrets/1");
    char const* const name = q.args.text();
    if (op == Op::secret_del) return q.answer(secrets.del(q.host, q.call, name, &q.error));
    std::string_view const value = q.args.bytes();
    q.answer(secrets.put(q.host, q.call, name, value.data(), value.size(), &q.error));
}

}  // namespace

void answer_as_host(ChildProcess const& process, weir_call const* call, Op op,
                    Unpacker& args, Packer& out) {
    std::shared_ptr<ChildProcess::Seat> const seat = process.seat(args.number());
    if (!seat) throw BadFrame{"a host that is none of its own"};
    std::shared_lock const seated{seat->mutex};
    weir_host const* const host = seat->host;
    if (!host) throw BadFrame{"a host that is gone"};
    bool const is_within = args.number() != 0;
    Question q{host, is_within ? call : nullptr, args, out};
    switch (op) {
        case Op::log: {
            std::int32_t const level = static_cast<std::int32_t>(args.integer());
            return q.table<weir_log>("weir.log/1").log(host, level, args.text());
        }
        case Op::log_enabled: {
            std::int32_t const level = static_cast<std::int32_t>(args.integer());
            out.number(q.table<weir_log>("weir.log/1").enabled(host, level));
            return;
        }
        case Op::unix_us:
            out.number(q.table<weir_clock>("weir.clock/1").unix_us(host));
            return;
        case Op::monotonic_ns:
            out.number(q.table<weir_clock>("weir.clock/1").monotonic_ns(host));
            return;
        case Op::started_us:
            out.number(q.table<weir_clock>("weir.clock/1").started_us(host));
            return;
        case Op::has_service: {
            char const* const id = args.text();
            out.number(std::uint32_t{id && host->service(host, id) != nullptr});
            return;
        }
        case Op::metric_define:
        case Op::metric_record: return ask_metrics(op, q);
        case Op::store_get:
        case Op::store_put:
        case Op::store_del:
        case Op::store_list:
        case Op::store_apply: return ask_store(op, q);
        case Op::secret_put:
        case Op::secret_del: return ask_secrets(op, q);
        case Op::timer_arm:
            return q.answer(
                q.table<weir_timer>("weir.timer/1").arm(host, args.integer(), &q.error));
        case Op::timer_disarm:
            return q.answer(q.table<weir_timer>("weir.timer/1").disarm(host, &q.error));
        case Op::bus_publish:
        case Op::bus_invoke: return ask_bus(op, q);
        default: throw BadFrame{"what no host answers"};
    }
}

}  // namespace weir::host
