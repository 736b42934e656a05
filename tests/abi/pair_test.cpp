// A host and a plugin that were built with different headers: what the other tests claim holds for
// them too, and here is how far they differ.
#include "abi/service_fixture.hpp"

namespace weir::host {
namespace {

/// "older", "same" or "newer": the plugin, beside this host.
std::string told(std::uint32_t plugins, std::size_t ours) {
    return plugins < ours ? "older" : plugins > ours ? "newer" : "same";
}

class Pair : public OddTest {};

TEST_F(Pair, IsOfTheHeadersThatItSays) {
    char const* const wanted = std::getenv("WEIR_ABI_PAIR");
    std::string const pair = wanted ? wanted : "same";
    Component const odd = component();
    EXPECT_EQ(told(odd.table->struct_size, sizeof(weir_component)), pair);
    EXPECT_EQ(told(odd.source->struct_size, sizeof(weir_source)), pair);
    EXPECT_EQ(told(odd.sink->struct_size, sizeof(weir_sink)), pair);
    EXPECT_EQ(told(odd.lifecycle->struct_size, sizeof(weir_lifecycle)), pair);
    EXPECT_EQ(told(odd.generation->module().struct_size, sizeof(weir_module)), pair);
}

}  // namespace
}  // namespace weir::host
