#include "host/cli/lone_service.hpp"

#include <fmt/format.h>

namespace weir::host {

namespace {

constexpr std::int64_t call_ms_max = 10'000;

class EmptyStore final : public StoreService {
public:
    Result<std::optional<Document>> get(std::string const&, std::string const&,
                                        std::string const&) override {
        return std::optional<Document>{};
    }
    Result<std::uint64_t> put(std::string const&, std::string const&, std::string const&,
                              std::string const&, std::uint64_t) override {
        return nothing_kept();
    }
    Result<void> remove(std::string const&, std::string const&, std::string const&,
                        std::uint64_t) override {
        return nothing_kept();
    }
    Result<std::vector<Document>> list(std::string const&, std::string const&, std::string const&,
                                       std::string const&, std::uint32_t) override {
        return std::vector<Document>{};
    }
    Result<void> apply(std::string const&, Changes const&) override { return nothing_kept(); }

private:
    static Error nothing_kept() {
        return {WEIR_E_UNSUPPORTED, "store.none", "without a server nothing is kept: weir serve"};
    }
};

class SilentTimer final : public TimerService {
public:
    Result<void> arm(std::string const&, std::int64_t) override { return {}; }
    Result<void> disarm(std::string const&) override { return {}; }
};

}  // namespace

LoneService::LoneService(std::string service, Clock const& clock, Limits const& limits,
                         Voice const& voice, std::vector<std::string> const& plugin_dirs)
    : name_{std::move(service)},
      host_{clock, limits, voice, PluginOptions{plugin_dirs, {}, {}}, {}, "plugins"},
      store_{std::make_unique<EmptyStore>()},
      timer_{std::make_unique<SilentTimer>()} {
    host_.services.offered.store = store_.get();
    host_.services.offered.timer = timer_.get();
}

LoneService::~LoneService() {
    if (!service_) return;
    CallContext const call{host_.clock, nullptr,
                           host_.clock.monotonic_ns() + call_ms_max * 1'000'000};
    (void)service_->stop(call);  // it has answered, and there is nothing to keep
}

Result<void> LoneService::start() {
    if (service_) return {};
    std::shared_ptr<ComponentInfo const> found;
    for (auto const& info : host_.registry.services())
        if (!found && info->declared.provides_service(name_)) found = info;
    host_.tell_refusals();
    if (!found)
        return Error{WEIR_E_NOT_FOUND, "bus.no_provider",
                     fmt::format("no plugin beside this program offers {}", name_)}
            .suggest("--plugin-dir DIR");
    Result<Component> const component = host_.registry.load_service(found->id);
    if (!component) return component.error();
    Result<Instance> instance =
        Instance::create(*component, nlohmann::json::object(), host_.services, found->id);
    if (!instance) return instance.error();
    Result<ServiceProxy> service = instance->service();
    if (!service) return service.error();
    CallContext const call{host_.clock, nullptr,
                           host_.clock.monotonic_ns() + call_ms_max * 1'000'000};
    if (Result<void> started = service->start(call); !started) return started;
    service_.emplace(std::move(*service));
    return {};
}

MethodAnswer LoneService::invoke(std::string const& method, nlohmann::json const& in) {
    if (Result<void> started = start(); !started) return MethodAnswer{started.error()};
    CallContext const call{host_.clock, nullptr,
                           host_.clock.monotonic_ns() + call_ms_max * 1'000'000};
    return service_->on_invoke("host", name_, method, in, call);
}

}  // namespace weir::host
