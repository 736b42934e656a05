#include "host/abi/host_services.hpp"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cmath>
#include <cstring>

#include "host/abi/declared.hpp"
#include "host/abi/utf8.hpp"

namespace weir::host {

struct Metrics::Slot {
    std::atomic<std::uint32_t> kind{0};  // 0: not defined
    std::atomic<double> value{0};
    std::string help;  // under the mutex
};

Metrics::Metrics() : slots_{std::make_unique<Slot[]>(metrics_max)} {}
Metrics::~Metrics() = default;

namespace {

bool is_metric_name(std::string_view name) {
    auto fits = [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ':';
    };
    constexpr std::size_t name_bytes_max = 200;
    return !name.empty() && name.size() <= name_bytes_max &&
           !std::isdigit(static_cast<unsigned char>(name[0])) &&
           std::all_of(name.begin(), name.end(), fits);
}

HostTable const& table_of(weir_host const* host) {
    return *static_cast<HostTable const*>(host->ctx);
}

constexpr weir_log log_table{
    sizeof(weir_log), 0,
    [](weir_host const* host, std::int32_t level, char const* message) {
        HostTable const& table = table_of(host);
        std::int32_t const known = std::clamp<std::int32_t>(level, 0, 4);
        if (!message || !table.services().log.is_enabled(known)) return;
        std::size_t const size = ::strnlen(message, HostTable::log_bytes_max);
        table.services().log.log(known, table.instance(), mend_utf8({message, size}));
    },
    [](weir_host const* host, std::int32_t level) -> std::int32_t {
        return table_of(host).services().log.is_enabled(std::clamp<std::int32_t>(level, 0, 4));
    }};

constexpr weir_clock clock_table{
    sizeof(weir_clock), 0,
    [](weir_host const* host) { return table_of(host).services().clock.unix_us(); },
    [](weir_host const* host) { return table_of(host).services().clock.monotonic_ns(); },
    [](weir_host const* host) { return table_of(host).services().started_us; }};

constexpr weir_metrics metrics_table{sizeof(weir_metrics), 0,
                                     [](weir_host const* host, std::uint32_t kind, char const* name,
                                        char const* help, std::uint64_t* id) {
                                         return table_of(host).services().metrics.define(kind, name,
                                                                                         help, id);
                                     },
                                     [](weir_host const* host, std::uint64_t id, double value) {
                                         table_of(host).services().metrics.record(id, value);
                                     }};

void const* service(weir_host const* host, char const* id) {
    if (!id) return nullptr;
    std::string_view const wanted{id};
    if (wanted == "weir.log/1") return &log_table;
    if (wanted == "weir.clock/1") return &clock_table;
    if (wanted == "weir.metrics/1") return &metrics_table;
    return plugin_service(table_of(host), wanted);
}

}  // namespace

weir_status Metrics::define(std::uint32_t kind, char const* name, char const* help,
                            std::uint64_t* id) {
    bool const is_known = kind == WEIR_METRIC_COUNTER || kind == WEIR_METRIC_GAUGE;
    if (!is_known || !name || !id || !is_metric_name(name)) return WEIR_E_CONFIG;
    std::lock_guard const lock{mutex_};
    auto found = ids_.find(std::string_view{name});
    if (found == ids_.end()) {
        if (ids_.size() >= metrics_max) return WEIR_E_NOMEM;
        found = ids_.emplace(name, ids_.size() + 1).first;
        Slot& slot = slots_[found->second - 1];
        slot.help = mend_utf8(help ? help : "");
        slot.kind.store(kind, std::memory_order_release);
    }
    if (slots_[found->second - 1].kind.load(std::memory_order_relaxed) != kind)
        return WEIR_E_CONFLICT;
    *id = found->second;
    return WEIR_OK;
}

void Metrics::record(std::uint64_t id, double value) {
    if (id == 0 || id > metrics_max || !std::isfinite(value)) return;
    Slot& slot = slots_[id - 1];
    std::uint32_t const kind = slot.kind.load(std::memory_order_acquire);
    if (kind == WEIR_METRIC_GAUGE) slot.value.store(value, std::memory_order_relaxed);
    if (kind == WEIR_METRIC_COUNTER && value > 0)
        slot.value.fetch_add(value, std::memory_order_relaxed);
}

std::vector<Metrics::Value> Metrics::snapshot() const {
    std::lock_guard const lock{mutex_};
    std::vector<Value> out;
    for (auto const& [name, id] : ids_) {
        Slot const& slot = slots_[id - 1];
        out.push_back({name, slot.help, slot.kind.load(std::memory_order_relaxed),
                       slot.value.load(std::memory_order_relaxed)});
    }
    return out;
}

HostTable::HostTable(HostServices const& services, Identity identity)
    : abi_{sizeof abi_, 0, WEIR_ABI_MAJOR, WEIR_ABI_MINOR, WEIR_VERSION, nullptr, this, service},
      services_{services},
      identity_{std::move(identity)} {
    abi_.instance = identity_.instance.c_str();
}

bool HostTable::needs(std::string_view service_id) const {
    return identity_.says && identity_.says->needs_service(service_id);
}

bool HostTable::provides(std::string_view service_id) const {
    return identity_.says && identity_.says->provides_service(service_id);
}

}  // namespace weir::host
