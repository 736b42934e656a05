#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "host/core/clock.hpp"
#include "host/core/error.hpp"

namespace weir::host {

/// The steps of a check as they are taken, each with its time. One thread.
class CheckSteps {
public:
    explicit CheckSteps(Clock const& clock) : clock_{clock} {}

    /// Takes a step, which answers a detail for people; nothing more after one that failed.
    void step(char const* name, std::function<Result<std::string>()> const& work);
    bool is_well() const { return is_well_; }
    /// {"ok","steps":[{"name","ok","ms","detail"}],"error"}
    nlohmann::json answer() const;

private:
    Clock const& clock_;
    nlohmann::json steps_ = nlohmann::json::array();
    nlohmann::json error_;
    bool is_well_ = true;
};

/// What kind of refusal it is: config dns refused timeout tls auth no_database no_stream privilege
/// rate_limit; "other" for the rest.
std::string failure_class(Error const& error);

}  // namespace weir::host
