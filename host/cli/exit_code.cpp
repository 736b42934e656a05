#include "host/cli/exit_code.hpp"

namespace weir::host {

Exit exit_of(Error const& error) {
    switch (error.status) {
        case WEIR_E_CONFIG:
        case WEIR_E_UNSUPPORTED:
        case WEIR_E_NOT_FOUND: return Exit::usage;
        case WEIR_E_AUTH:
        case WEIR_E_IO:
        case WEIR_E_TIMEOUT:
        case WEIR_E_BUSY:
        case WEIR_E_NOMEM: return Exit::environment;
        case WEIR_E_CANCELLED: return Exit::interrupted;
        default: return Exit::failed;
    }
}

}  // namespace weir::host
