#pragma once

#include <memory>
#include <optional>
#include <string>

#include "host/abi/arrow_owned.hpp"
#include "host/child/array_image.hpp"
#include "host/child/host_stub.hpp"
#include "host/child/members.hpp"
#include "host/child/runner_threads.hpp"

namespace weir::host {

/// In the child: a component of the library, and its tables.
struct ServedComponent {
    weir_component const* component = nullptr;
    weir_source const* source = nullptr;
    weir_sink const* sink = nullptr;
    weir_lifecycle const* lifecycle = nullptr;
    weir_service const* service = nullptr;

    explicit ServedComponent(weir_component const* of);
    std::uint32_t members() const;
};

inline weir_error no_error() {
    weir_error error{};
    error.struct_size = sizeof error;
    return error;
}

struct ServedInstance {
    ServedComponent const& component;
    HostStub host;
    weir_instance* handle = nullptr;
};

struct ServedReader {
    weir_source const& table;
    weir_reader* handle;
    OwnedSchema schema{};  ///< of the batches now
    SlabRing slabs{};
};

struct ServedWriter {
    weir_sink const& table;
    weir_writer* handle;
    SlabView slabs{};  ///< batches of the host
};

/// One call that the host made: who serves it, what came, what goes back.
struct Served {
    HostLine& host;
    Line& line;
    weir_call const* call;
    RunnerThreads& threads;
    Unpacker& args;
    Packer& out;

    /// Begins the answer.
    void settle(weir_status status, weir_error const& error) const {
        out.number(status);
        if (status < 0) out.error(&error);
    }
    /// Instead of what was answered so far: an exception came out of the library.
    void settle_thrown() const;
    /// For a call that cannot fail, and ends an object: `work` is it, `threads_left` counts what
    /// is left of that object.
    template <class Work, class Count>
    void finish(Work&& work, Count&& threads_left) const {
        settle(WEIR_OK, no_error());
        try {
            work();
        } catch (...) {
            settle_thrown();
        }
        out.number(std::uint64_t{threads_left()});
    }
};

/// A weir_out that hands on to the host.
class OutToHost {
public:
    explicit OutToHost(HostLine& host) : host_{host} {}
    weir_out const* abi() const { return &abi_; }

private:
    static weir_status write(void* self, void const* data, std::size_t size);
    HostLine& host_;
    weir_out abi_{sizeof abi_, 0, this, write};
};

// serve_source.cpp, serve_sink.cpp, serve_service.cpp
void serve_source(Op op, Served& served);
void serve_sink(Op op, Served& served);
void serve_service(Op op, Served& served);

}  // namespace weir::host
