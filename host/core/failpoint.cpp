#include "host/core/failpoint.hpp"

#ifdef WEIR_FAILPOINTS

#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <string>

namespace weir::host {

namespace {

struct Armed {
    std::string name;
    std::atomic<long> passes_left;
};

Armed& armed() {
    static Armed point = [] {
        char const* text = std::getenv("WEIR_FAILPOINT");
        std::string const spec = text ? text : "";
        auto const colon = spec.rfind(':');
        if (colon == std::string::npos) return Armed{spec, spec.empty() ? 0 : 1};
        return Armed{spec.substr(0, colon), std::strtol(spec.c_str() + colon + 1, nullptr, 10)};
    }();
    return point;
}

}  // namespace

void failpoint(char const* name) {
    Armed& point = armed();
    if (point.name == name && point.passes_left.fetch_sub(1) == 1) raise(SIGKILL);
}

}  // namespace weir::host

#endif
