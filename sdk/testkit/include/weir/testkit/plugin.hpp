#pragma once

#include <dlfcn.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "weir/module.h"
#include "weir/testkit/test_host.hpp"

namespace weir::testkit {

using Json = nlohmann::json;

/// A loaded library. It stays loaded when this ends: leak reports and static tables need it.
class Plugin {
public:
    using Entry = weir_module const*(std::uint32_t, std::uint32_t);

    explicit Plugin(std::string const& path) {
        void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!library) throw std::runtime_error{dlerror()};
        entry_ = reinterpret_cast<Entry*>(dlsym(library, "weir_module_entry"));
        if (!entry_) throw std::runtime_error{path + " has no weir_module_entry"};
        module_ = entry_(WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
        if (!module_) throw std::runtime_error{path + " refuses this ABI"};
    }

    weir_module const& module() const { return *module_; }
    Entry* entry() const { return entry_; }

    /// The component of that id; the only one when `id` is empty.
    weir_component const& component(std::string_view id = {}) const {
        std::string all;
        for (std::uint32_t i = 0; i < module_->component_count; ++i) {
            weir_component const& each = *module_->components[i];
            if (id.empty() || id == each.id) return each;
            all += (all.empty() ? "" : ", ") + std::string{each.id};
        }
        throw std::runtime_error{"there is no component " + std::string{id} + "; it has " + all};
    }

private:
    Entry* entry_ = nullptr;
    weir_module const* module_ = nullptr;
};

/// How many threads more there are in this process after each of several lives of an instance.
template <class Work>
std::ptrdiff_t threads_left_by(Work&& life) {
    auto const count = [] {
        std::filesystem::directory_iterator const all{"/proc/self/task"};
        return std::distance(begin(all), end(all));
    };
    // A language's own runtime starts threads in some rounds; what an instance leaves shows in all.
    std::ptrdiff_t least = PTRDIFF_MAX;
    for (int round = 0; round < 10; ++round) {
        std::ptrdiff_t const before = count();
        life();
        least = std::min(least, count() - before);
    }
    return least;
}

/// The file of a library once more, under a path of its own: what a host maps when it is reloaded.
class LibraryCopy {
public:
    explicit LibraryCopy(std::filesystem::path const& library) {
        std::string name = std::filesystem::temp_directory_path() / "weir-copy-XXXXXX";
        if (!::mkdtemp(name.data())) throw std::runtime_error{"no directory can be made: " + name};
        directory_ = name;
        std::filesystem::copy_file(library, path());
    }
    LibraryCopy(LibraryCopy const&) = delete;
    LibraryCopy& operator=(LibraryCopy const&) = delete;
    ~LibraryCopy() {
        std::error_code failed;
        std::filesystem::remove_all(directory_, failed);
    }
    std::string path() const { return directory_ / "copy.so"; }

private:
    std::filesystem::path directory_;
};

/// Hears failing calls of one instance and throws them.
class Ears {
public:
    explicit Ears(TestHost& host) : host_{&host} {}
    /// Runs `call(weir_error*)`; answers its status when that is no error.
    template <class Work>
    weir_status ask(Work&& call) const {
        weir_error error{};
        error.struct_size = sizeof error;
        weir_status const status = call(&error);
        if (status >= 0) return status;
        Failure const failure{status, error};
        host_->heard(failure);
        throw failure;
    }
    /// The default call: wanted for ever.
    weir_call const* forever() const { return call_->get(); }

private:
    TestHost* host_;
    std::shared_ptr<TestCall> call_ = std::make_shared<TestCall>();
};

/// Collects what is written to a weir_out.
class Out {
public:
    Out() {
        out_.struct_size = sizeof out_;
        out_.ctx = &text_;
        out_.write = [](void* ctx, void const* data, std::size_t size) -> weir_status {
            static_cast<std::string*>(ctx)->append(static_cast<char const*>(data), size);
            return WEIR_OK;
        };
    }
    Out(Out const&) = delete;
    Out& operator=(Out const&) = delete;
    weir_out const* get() const { return &out_; }
    std::string const& text() const { return text_; }

private:
    std::string text_;
    weir_out out_{};
};

/// A configured component. `config` as the host passes it: {"url":...} is enough.
class Instance {
public:
    Instance(TestHost& host, weir_component const& component, Json const& config)
        : component_{&component}, ears_{host} {
        std::string const text = config.dump();
        ears_.ask([&](weir_error* error) {
            return component.create(host.get(), text.c_str(), &instance_, error);
        });
    }
    Instance(Instance const&) = delete;
    Instance& operator=(Instance const&) = delete;
    ~Instance() {
        if (instance_) component_->destroy(instance_);
    }

    /// {"identity":...}; empty object when the component has no lifecycle.
    Json describe() const {
        auto const* table = iface<weir_lifecycle>("weir.lifecycle/1");
        if (!WEIR_HAS(table, weir_lifecycle, describe)) return Json::object();
        Out out;
        ears_.ask([&](weir_error* error) { return table->describe(instance_, out.get(), error); });
        return Json::parse(out.text());
    }
    void interrupt() {
        auto const* table = iface<weir_lifecycle>("weir.lifecycle/1");
        if (WEIR_HAS(table, weir_lifecycle, interrupt)) table->interrupt(instance_);
    }

protected:
    template <class Table>
    Table const* iface(char const* id) const {
        return static_cast<Table const*>(component_->iface(id));
    }
    weir_component const* component_;
    Ears ears_;
    weir_instance* instance_ = nullptr;
};

}  // namespace weir::testkit
