#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace weir::host {

/// One thing that keeps a library from being loaded. `code` is stable: "plugin.exports".
struct LintFault {
    std::string code, sentence;
};

/// Reads the bytes of a library, which may be anything, and says why it may not be loaded: it is
/// done before the dynamic loader sees the file, which a damaged one can crash.
///
/// Checked: a whole ELF shared object for this machine (plugin.not_elf, plugin.damaged,
/// plugin.machine); weir_module_entry as the one symbol it defines for others (plugin.exports); no
/// unique symbols (plugin.unique_symbols), no relocation of code (plugin.textrel), no static TLS
/// but a few words (plugin.static_tls); RELRO and immediate binding (plugin.relro,
/// plugin.bind_now); library paths below $ORIGIN only (plugin.rpath). Pure.
std::vector<LintFault> lint_library(std::span<std::byte const> bytes);

}  // namespace weir::host
