#include <unistd.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>
#endif

#include "host/cli/commands.hpp"
#include "host/cli/output.hpp"
#include "host/cli/signals.hpp"

namespace {

using namespace weir::host;

Exit run(Command const& command) {
    SystemClock const clock;
    Limits const limits;
    switch (command.kind) {
        case Command::Kind::copy: return weir::host::run(command.copy, clock, limits);
        case Command::Kind::discover: return weir::host::run(command.discover, clock, limits);
        case Command::Kind::serve: return weir::host::run(command.serve, clock, limits);
        case Command::Kind::verb: return command.verb();
        case Command::Kind::print: break;
    }
    Result<void> printed = print(command.text);
    if (printed) return Exit::done;
    tell(to_text(printed.error()));
    return exit_of(printed.error());
}

}  // namespace

int main(int argc, char** argv) {
    prepare_process();
    Voice voice;
    voice.json = wants_json(argc, argv);
    Result<Command> command = parse_arguments(argc, argv);
    Exit const exit = command ? run(*command) : fail(command.error(), voice);
#ifdef __SANITIZE_ADDRESS__
    __lsan_do_leak_check();  // which _exit leaves out
#endif
    // Libraries stay loaded to the end; their static destructors have nothing to tell a sink that
    // is already closed.
    _exit(static_cast<int>(exit));
}
