#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "host/abi/boundary.hpp"
#include "host/abi/host_services.hpp"
#include "host/abi/registry.hpp"
#include "host/abi/release_watch.hpp"
#include "host/abi/shared_boundary.hpp"

namespace weir::host {

/// A plugin's instance with everything that it must not outlive. Held by Instance, by its views,
/// and by every reader and writer, so that destroy() comes after the last close().
class InstanceObject {
public:
    InstanceObject(Component component, std::unique_ptr<HostTable> host, weir_instance* handle);
    InstanceObject(InstanceObject const&) = delete;
    InstanceObject& operator=(InstanceObject const&) = delete;
    ~InstanceObject();

    Component const& component() const { return component_; }
    HostTable const& host() const { return *host_; }
    weir_instance* handle() const { return handle_; }
    Boundary& boundary() { return boundary_; }
    /// Held during a call through boundary(): several streams of a copy ask one instance.
    std::mutex& turn() { return turn_; }
    /// For the calls of weir.service/1.
    SharedBoundary& shared() { return shared_; }

private:
    static void interrupt(void* self);

    Component component_;
    std::unique_ptr<HostTable> host_;
    weir_instance* handle_;
    Boundary boundary_;
    std::mutex turn_;
    SharedBoundary shared_;
    ReleaseWatch releases_;
};

}  // namespace weir::host
