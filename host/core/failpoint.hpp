#pragma once

namespace weir::host {

/// A named instant at which a test may kill the process: with WEIR_FAILPOINT=name:n in the
/// environment the n-th pass through failpoint("name") ends it by SIGKILL. Without it, and in
/// builds without WEIR_FAILPOINTS, it does nothing. Thread-safe.
#ifdef WEIR_FAILPOINTS
void failpoint(char const* name);
#else
inline void failpoint(char const*) {}
#endif

}  // namespace weir::host
