#include "host/child/serve_library.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <exception>
#include <fstream>
#include <limits>
#include <memory>

#include "host/abi/library.hpp"
#include "host/child/runner_threads.hpp"
#include "host/child/serve_objects.hpp"

namespace weir::host {

namespace {

constexpr int control_fd = 3;

void complain(std::string_view sentence) { fmt::print(stderr, "weir-runner: {}\n", sentence); }

/// The library and the host that asks for it.
class LibraryServer {
public:
    LibraryServer(weir_module const& module, std::string manifest)
        : manifest_{std::move(manifest)} {
        for (std::uint32_t i = 0; i < module.component_count; ++i)
            components_.emplace_back(module.components[i]);
    }

    void run() {
        Line control{Fd{control_fd}};
        control.serve([&](Op op, Unpacker& args, Packer& out) {
            if (op == Op::hello) return greet(control, out);
            if (op != Op::line) throw BadFrame{"no such call on the first line"};
            std::uint32_t const index = args.word();
            bool const is_for_host = args.number() != 0;
            if (is_for_host) return void(host_.emplace(control.take_fd()));
            auto const fd = std::make_shared<Fd>(control.take_fd());
            threads_.start([this, index, fd] { serve(index, std::move(*fd)); });
        });
    }

private:
    void greet(Line& control, Packer& out) {
        page_.emplace(Slab::map(control.take_fd()));
        out.number(std::uint64_t{components_.size()});
        for (ServedComponent const& each : components_)
            out.text(each.component->id).number(each.members());
        out.bytes(manifest_);
    }

    /// One line: a call at a time.
    void serve(std::uint32_t index, Fd fd) {
        Line line{std::move(fd)};
        try {
            line.serve([&](Op op, Unpacker& args, Packer& out) {
                passed_.fetch_add(1, std::memory_order_acquire);
                ServedCall const call{page_->of(index), args.integer()};
                HostLine::Serving const serving{line, call.abi()};
                Served served{*host_, line, call.abi(), threads_, args, out};
                try {
                    serve_call(op, served);
                } catch (BadFrame const&) {
                    throw;
                } catch (...) {
                    served.settle_thrown();
                }
                leave_if_copy();
                passed_.fetch_add(1, std::memory_order_release);
            });
        } catch (std::exception const& error) {
            complain(error.what());
            ::_exit(70);
        }
    }

    void serve_call(Op op, Served& served) {
        if (op >= Op::discover && op <= Op::close_reader) return serve_source(op, served);
        if (op >= Op::prepare && op <= Op::close_writer) return serve_sink(op, served);
        if (op >= Op::on_http && op <= Op::stop) return serve_service(op, served);
        if (op == Op::create) return create(served);
        auto* const instance = served.args.pointer<ServedInstance>();
        if (op == Op::destroy) return destroy(served, std::unique_ptr<ServedInstance>{instance});
        weir_error error = no_error();
        weir_status status = WEIR_OK;
        weir_lifecycle const* const life = instance->component.lifecycle;
        if (op == Op::describe) {
            OutToHost const json{served.host};
            status = life->describe(instance->handle, json.abi(), &error);
        } else if (op == Op::interrupt_instance) {
            if (WEIR_HAS(life, weir_lifecycle, interrupt)) life->interrupt(instance->handle);
        } else {
            throw BadFrame{"no such call"};
        }
        served.settle(status, error);
    }

    void destroy(Served& served, std::unique_ptr<ServedInstance> instance) {
        served.finish([&] { instance->component.component->destroy(instance->handle); },
                      [&] { return threads_.instance_ended(); });
    }

    void create(Served& served) {
        (void)served.args.number();  // no instance yet
        std::string const id = served.args.text();
        std::uint64_t const seat = served.args.number();
        char const* const config = served.args.text();
        char const* const version = served.args.text();
        char const* const name = served.args.text();
        weir_error error = no_error();
        for (ServedComponent const& each : components_) {
            if (each.component->id != id) continue;
            std::unique_ptr<ServedInstance> instance{
                new ServedInstance{each, {*host_, seat, version, name}, nullptr}};
            weir_status const status = each.component->create(instance->host.abi(), config,
                                                              &instance->handle, &error);
            bool const is_made = status == WEIR_OK && instance->handle;
            if (is_made) threads_.instance_began();
            served.settle(status, error);
            served.out.pointer(is_made ? instance.release() : nullptr);
            return;
        }
        served.settle(WEIR_E_NOT_FOUND, error);
        served.out.number(std::uint64_t{0});
    }

    // What was answered on one line comes before what the host, having heard it, asks on another.
    // That way through another process is none that the language, or a sanitizer, knows of.
    std::atomic<std::uint32_t> passed_{0};
    std::string const manifest_;
    std::deque<ServedComponent> components_;
    RunnerThreads threads_;
    std::optional<CallsPage> page_;
    std::optional<HostLine> host_;
};

/// A library that leaks would else have the kernel end whoever holds most, the host perhaps. More
/// may always be asked for; where /proc is not to be had, nothing changes.
void goes_first_when_memory_ends() {
    std::ofstream{"/proc/self/oom_score_adj"} << 1000;
}

}  // namespace

ServedComponent::ServedComponent(weir_component const* of) : component{of} {
    if (of->roles & WEIR_ROLE_SOURCE)
        source = static_cast<weir_source const*>(of->iface("weir.source/1"));
    if (of->roles & WEIR_ROLE_SINK)
        sink = static_cast<weir_sink const*>(of->iface("weir.sink/1"));
    if (of->roles & WEIR_ROLE_SERVICE)
        service = static_cast<weir_service const*>(of->iface("weir.service/1"));
    lifecycle = static_cast<weir_lifecycle const*>(of->iface("weir.lifecycle/1"));
}

std::uint32_t ServedComponent::members() const {
    std::uint32_t has = 0;
    auto const note = [&has](bool is_there, std::uint32_t bit) {
        if (is_there) has |= bit;
    };
    note(source, has_source);
    note(WEIR_HAS(source, weir_source, interrupt), has_source_interrupt);
    note(sink, has_sink);
    note(WEIR_HAS(sink, weir_sink, interrupt), has_sink_interrupt);
    note(WEIR_HAS(sink, weir_sink, sweep), has_sweep);
    note(WEIR_HAS(lifecycle, weir_lifecycle, describe), has_describe);
    note(WEIR_HAS(lifecycle, weir_lifecycle, interrupt), has_interrupt);
    note(service, has_service);
    note(WEIR_HAS(service, weir_service, on_http), has_on_http);
    note(WEIR_HAS(service, weir_service, on_event), has_on_event);
    note(WEIR_HAS(service, weir_service, on_invoke), has_on_invoke);
    note(WEIR_HAS(service, weir_service, on_timer), has_on_timer);
    note(WEIR_HAS(service, weir_service, start), has_start);
    note(WEIR_HAS(service, weir_service, stop), has_stop);
    return has;
}

void Served::settle_thrown() const {
    weir_error error = no_error();
    constexpr std::string_view code = "plugin.broken_promise", sentence = "let an exception out";
    code.copy(error.code, sizeof error.code - 1);
    sentence.copy(error.message, sizeof error.message - 1);
    out = Packer{};
    line.drop_fds();
    settle(WEIR_E_INTERNAL, error);
}

weir_status OutToHost::write(void* self, void const* data, std::size_t size) {
    return static_cast<OutToHost*>(self)
        ->host_.ask(Op::out_write, Packer{}.bytes(data, size))
        .status();
}

int serve_library(std::string const& library) {
    // The host ends it; what a terminal sends to all of them is for the host to take.
    for (int const each : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(each, SIG_IGN);
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    leave_in_copies();
    goes_first_when_memory_ends();
    Result<LoadedLibrary> const loaded = load_library(library, std::nullopt);
    if (!loaded) {
        complain(fmt::format("{} ({})", loaded.error().message, loaded.error().code));
        return 1;
    }
    try {
        // Never destroyed: its threads may be anywhere when the host is gone.
        (new LibraryServer{loaded->generation->module(), to_json(loaded->manifest)})->run();
    } catch (std::exception const& error) {
        complain(error.what());
    }
    ::_exit(0);
}

}  // namespace weir::host
