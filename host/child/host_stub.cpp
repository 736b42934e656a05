#include "host/child/host_stub.hpp"

#include <cstring>
#include <utility>

namespace weir::host {

namespace {

HostStub& stub_of(weir_host const* host) { return *static_cast<HostStub*>(host->ctx); }

/// The status that an answer begins with, and why.
weir_status settle(Unpacker& answer, weir_error* error) {
    weir_status const status = answer.status();
    if (status < 0) answer.error(error);
    return status;
}

weir_status simple(weir_host const* host, Op op, Packer const& args, weir_error* error) {
    Unpacker answer = stub_of(host).ask(op, args);
    return settle(answer, error);
}

// ---- weir.log/1 ----

void log(weir_host const* host, std::int32_t level, char const* message) {
    Packer args = stub_of(host).question();
    args.number(level).text(message ? message : "");
    stub_of(host).ask(Op::log, args);
}

std::int32_t log_enabled(weir_host const* host, std::int32_t level) {
    Packer args = stub_of(host).question();
    args.number(level);
    return static_cast<std::int32_t>(stub_of(host).ask(Op::log_enabled, args).integer());
}

constexpr weir_log log_table{sizeof(weir_log), 0, log, log_enabled};

// ---- weir.clock/1 ----

template <Op op>
std::int64_t clock_of(weir_host const* host) {
    return stub_of(host).ask(op, stub_of(host).question()).integer();
}

constexpr weir_clock clock_table{sizeof(weir_clock), 0, clock_of<Op::unix_us>,
                                 clock_of<Op::monotonic_ns>, clock_of<Op::started_us>};

// ---- weir.metrics/1 ----

weir_status metric_define(weir_host const* host, std::uint32_t kind, char const* name,
                          char const* help, std::uint64_t* id) {
    Packer args = stub_of(host).question();
    args.number(kind).text(name).text(help);
    Unpacker answer = stub_of(host).ask(Op::metric_define, args);
    weir_status const status = settle(answer, nullptr);
    std::uint64_t const given = answer.number();
    if (id) *id = given;
    return status;
}

void metric_record(weir_host const* host, std::uint64_t id, double value) {
    Packer args = stub_of(host).question();
    args.number(id).number(value);
    stub_of(host).ask(Op::metric_record, args);
}

constexpr weir_metrics metrics_table{sizeof(weir_metrics), 0, metric_define, metric_record};

// ---- weir.store/1 ----

weir_status store_get(weir_host const* host, weir_call const* call, char const* collection,
                      char const* key, weir_out const* json, std::uint64_t* revision,
                      weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(collection).text(key);
    Unpacker answer = stub_of(host).ask(Op::store_get, args);
    weir_status const status = settle(answer, error);
    std::uint64_t const found = answer.number();
    if (status < 0) return status;
    if (revision) *revision = found;
    std::string_view const text = answer.bytes();
    return json ? json->write(json->ctx, text.data(), text.size()) : status;
}

weir_status store_put(weir_host const* host, weir_call const* call, char const* collection,
                      char const* key, char const* json, std::uint64_t if_revision,
                      std::uint64_t* revision, weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(collection).text(key).text(json).number(if_revision);
    Unpacker answer = stub_of(host).ask(Op::store_put, args);
    weir_status const status = settle(answer, error);
    std::uint64_t const made = answer.number();
    if (revision && status >= 0) *revision = made;
    return status;
}

weir_status store_del(weir_host const* host, weir_call const* call, char const* collection,
                      char const* key, std::uint64_t if_revision, weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(collection).text(key).number(if_revision);
    return simple(host, Op::store_del, args, error);
}

weir_status store_list(weir_host const* host, weir_call const* call, char const* collection,
                       char const* prefix, char const* after, std::uint32_t limit,
                       weir_docs const* docs, weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(collection).text(prefix).text(after).number(limit);
    Unpacker answer = stub_of(host).ask(Op::store_list, args);
    weir_status const status = settle(answer, error);
    std::uint64_t count = answer.number();
    Unpacker found{std::string{answer.bytes()}};
    for (; count > 0 && docs; --count) {
        char const* const key = found.text();
        std::uint64_t const revision = found.number();
        if (docs->add(docs->ctx, key, revision, found.text()) < 0) break;
    }
    return status;
}

weir_status store_apply(weir_host const* host, weir_call const* call, char const* changes_json,
                        weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(changes_json);
    return simple(host, Op::store_apply, args, error);
}

constexpr weir_store store_table{sizeof(weir_store), 0,          store_get,  store_put,
                                 store_del,          store_list, store_apply};

// ---- weir.secrets/1, weir.timer/1 ----

weir_status secret_put(weir_host const* host, weir_call const* call, char const* name,
                       void const* value, std::size_t size, weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(name).bytes(value, size);
    return simple(host, Op::secret_put, args, error);
}

weir_status secret_del(weir_host const* host, weir_call const* call, char const* name,
                       weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(name);
    return simple(host, Op::secret_del, args, error);
}

constexpr weir_secrets secrets_table{sizeof(weir_secrets), 0, secret_put, secret_del};

weir_status timer_arm(weir_host const* host, std::int64_t at_unix_ms, weir_error* error) {
    Packer args = stub_of(host).question();
    args.number(at_unix_ms);
    return simple(host, Op::timer_arm, args, error);
}

weir_status timer_disarm(weir_host const* host, weir_error* error) {
    return simple(host, Op::timer_disarm, stub_of(host).question(), error);
}

constexpr weir_timer timer_table{sizeof(weir_timer), 0, timer_arm, timer_disarm};

// ---- weir.bus/1 ----

weir_status bus_publish(weir_host const* host, weir_call const* call, char const* topic,
                        char const* dedupe_key, void const* data, std::size_t size,
                        weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(topic).text(dedupe_key).bytes(data, size);
    return simple(host, Op::bus_publish, args, error);
}

weir_status bus_invoke(weir_host const* host, weir_call const* call, char const* service,
                       char const* method, void const* in, std::size_t size, weir_out const* out,
                       weir_error* error) {
    Packer args = stub_of(host).question(call);
    args.text(service).text(method).bytes(in, size);
    Unpacker answer = stub_of(host).ask(Op::bus_invoke, args);
    weir_status const status = settle(answer, error);
    std::string_view const text = answer.bytes();
    if (out && !text.empty()) out->write(out->ctx, text.data(), text.size());
    return status;
}

constexpr weir_bus bus_table{sizeof(weir_bus), 0, bus_publish, bus_invoke};

void const* table_of(std::string_view id) {
    if (id == "weir.log/1") return &log_table;
    if (id == "weir.clock/1") return &clock_table;
    if (id == "weir.metrics/1") return &metrics_table;
    if (id == "weir.store/1") return &store_table;
    if (id == "weir.secrets/1") return &secrets_table;
    if (id == "weir.timer/1") return &timer_table;
    if (id == "weir.bus/1") return &bus_table;
    return nullptr;
}

}  // namespace

HostStub::HostStub(HostLine& line, std::uint64_t seat, std::string version, std::string instance)
    : line_{line},
      seat_{seat},
      version_{std::move(version)},
      instance_{std::move(instance)},
      abi_{sizeof abi_,      0,    WEIR_ABI_MAJOR, WEIR_ABI_MINOR, version_.c_str(),
           instance_.c_str(), this, service} {}

Packer HostStub::question(weir_call const* call) const {
    Packer args;
    args.number(seat_).number(std::uint32_t{HostLine::serves(call)});
    return args;
}

bool HostStub::is_offered(std::string const& id) {
    std::lock_guard const lock{mutex_};
    if (offered_.contains(id)) return true;
    Packer args = question();
    args.text(id.c_str());
    if (ask(Op::has_service, args).number() == 0) return false;
    offered_.insert(id);
    return true;
}

void const* HostStub::service(weir_host const* host, char const* id) {
    void const* const table = id ? table_of(id) : nullptr;
    return table && stub_of(host).is_offered(id) ? table : nullptr;
}

}  // namespace weir::host
