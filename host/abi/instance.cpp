#include "host/abi/instance.hpp"

#include <fmt/format.h>

#include "host/abi/config_schema.hpp"
#include "host/abi/instance_object.hpp"
#include "host/core/secret.hpp"

namespace weir::host {

InstanceObject::InstanceObject(Component component, std::unique_ptr<HostTable> host,
                               weir_instance* handle)
    : component_{std::move(component)},
      host_{std::move(host)},
      handle_{handle},
      boundary_{host_->instance(), component_.generation, host_->services(),
                WEIR_HAS(component_.lifecycle, weir_lifecycle, interrupt) ? interrupt : nullptr,
                this},
      shared_{host_->instance(), component_.generation, host_->services()},
      releases_{host_->instance(), component_.generation, host_->services()} {
    component_.generation->instance_began();
}

InstanceObject::~InstanceObject() {
    boundary_.finish("destroy", [this] { component_.destroy(handle_); });
    component_.generation->instance_ended();
}

void InstanceObject::interrupt(void* self) {
    auto& object = *static_cast<InstanceObject*>(self);
    object.component_.lifecycle->interrupt(object.handle_);
}

Result<Instance> Instance::create(Component const& component, nlohmann::json const& config,
                                  HostServices const& services, std::string name) {
    Result<nlohmann::json> filled = check_config(component.info->config_schema, config);
    if (!filled) return filled.error();
    auto host = std::make_unique<HostTable>(
        services, Identity{std::move(name), component.generation->id(), &component.info->declared});
    weir_instance* handle = nullptr;
    std::string text = filled->dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    Boundary maker{host->instance(), component.generation, services, nullptr, nullptr};
    Result<weir_status> const created = maker.call("create", nullptr, [&](weir_error* error) {
        return component.create(host->abi(), text.c_str(), &handle, error);
    });
    wipe(text);  // it may hold secrets
    if (!created) return created.error();
    if (!handle) return maker.broken("create", "answered no instance");
    return Instance{std::make_shared<InstanceObject>(component, std::move(host), handle)};
}

std::string const& Instance::name() const { return object_->host().instance(); }
ComponentInfo const& Instance::info() const { return *object_->component().info; }
void Instance::interrupt() { object_->boundary().interrupt(); }
Generation const& Instance::generation() const { return *object_->component().generation; }

Result<nlohmann::json> Instance::describe() {
    weir_lifecycle const* table = object_->component().lifecycle;
    if (!WEIR_HAS(table, weir_lifecycle, describe)) return nlohmann::json::object();
    CollectedText text{answer_bytes_max};
    Boundary& boundary = object_->boundary();
    std::lock_guard const turn{object_->turn()};
    Result<weir_status> const done = boundary.call("describe", nullptr, [&](weir_error* error) {
        return table->describe(object_->handle(), text.abi(), error);
    });
    if (!done) return done.error();
    if (text.is_over()) return boundary.broken("describe", "answered more than 16 MiB");
    nlohmann::json answer = nlohmann::json::parse(text.text(), nullptr, false);
    if (!answer.is_object()) return boundary.broken("describe", "did not answer a JSON object");
    return answer;
}

Result<SourceProxy> Instance::source() {
    if (!object_->component().source)
        return Error{WEIR_E_UNSUPPORTED, "connector.no_source",
                     fmt::format("{} cannot be read from; it is {}", info().id,
                                 object_->component().sink ? "a sink only" : "a service")};
    return SourceProxy{object_};
}

Result<SinkProxy> Instance::sink() {
    if (!object_->component().sink)
        return Error{WEIR_E_UNSUPPORTED, "connector.no_sink",
                     fmt::format("{} cannot be written to; it is {}", info().id,
                                 object_->component().source ? "a source only" : "a service")};
    return SinkProxy{object_};
}

Result<ServiceProxy> Instance::service() {
    if (!object_->component().service)
        return Error{WEIR_E_UNSUPPORTED, "plugin.no_service",
                     fmt::format("{} is a connector and no service", info().id)};
    return ServiceProxy{object_};
}

}  // namespace weir::host
