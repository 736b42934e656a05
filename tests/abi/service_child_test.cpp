// The same claims about a service whose library runs in a process of its own.
#include "abi/desk_fixture.hpp"
#include "host/child/contained_library.hpp"

namespace weir::host {
namespace {

Placement in_a_child() {
    Placement out;
    out.contain = [](std::filesystem::path const& library, PluginLimits const& limits,
                            OnLoss const& on_loss) {
        return ContainedLibrary::load(ABI_RUNNER, library, limits, on_loss);
    };
    return out;
}

INSTANTIATE_TEST_SUITE_P(InAChild, Desk, testing::Values(in_a_child()));

}  // namespace
}  // namespace weir::host
