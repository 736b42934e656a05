#pragma once

#include <mutex>
#include <set>
#include <string>

#include "host/child/served.hpp"
#include "weir/host.h"

namespace weir::host {

/// In the child: the weir_host of one instance, whose services ask the real one.
class HostStub {
public:
    HostStub(HostLine& line, std::uint64_t seat, std::string version, std::string instance);
    HostStub(HostStub const&) = delete;
    HostStub& operator=(HostStub const&) = delete;

    weir_host const* abi() const { return &abi_; }

    /// Arguments of a question, which begin with who asks on whose behalf.
    Packer question(weir_call const* call = nullptr) const;
    Unpacker ask(Op op, Packer const& args) const { return line_.ask(op, args); }

private:
    static void const* service(weir_host const* host, char const* id);
    bool is_offered(std::string const& id);

    HostLine& line_;
    std::uint64_t const seat_;
    std::string const version_, instance_;
    weir_host abi_;
    std::mutex mutex_;
    std::set<std::string> offered_;
};

}  // namespace weir::host
