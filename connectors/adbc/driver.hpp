#pragma once

#include <map>
#include <memory>
#include <string>
#include <weir/cpp/call.hpp>

#include "abi.hpp"
#include "settings.hpp"

namespace weir::adbc {

/// A loaded driver library and its table of calls. Stays loaded until the process ends, as do the
/// threads that drivers start. Thread-safe.
class Driver {
public:
    /// Loads `settings.driver`, or answers the one that is loaded. E_CONFIG "adbc.driver".
    static abi::Driver const& load(Settings const& settings);
    /// Options that a database of the loaded driver gets unless the settings say otherwise.
    static std::map<std::string, std::string> defaults(Settings const& settings);
};

/// What a failing call of a driver said; handed to it, and released by it.
class Said {
public:
    Said() = default;
    Said(Said const&) = delete;
    Said& operator=(Said const&) = delete;
    ~Said() { clear(); }

    abi::Error* out() {
        clear();
        return &error_;
    }
    std::string message() const { return error_.message ? error_.message : ""; }
    std::string sqlstate() const;
    std::int32_t vendor_code() const { return error_.vendor_code; }

private:
    void clear() {
        if (error_.release) error_.release(&error_);
        error_ = abi::Error{};
    }
    abi::Error error_{};
};

/// What `status` and the driver's words mean: whose move it is. `doing` opens the sentence.
Error failure(Settings const& settings, std::string const& doing, abi::Status status,
              Said const& said);
Error failure(Settings const& settings, std::string const& doing, abi::Status status,
              std::string said);

/// `member`, unless the driver leaves it out: E_UNSUPPORTED "adbc.driver_lacks".
template <class Member>
Member need(Member member, char const* name) {
    if (member) return member;
    throw Error{WEIR_E_UNSUPPORTED, std::string{"the driver does not implement "} + name}.coded(
        "adbc.driver_lacks");
}

}  // namespace weir::adbc
