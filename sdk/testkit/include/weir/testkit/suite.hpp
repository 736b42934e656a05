#pragma once

#include "weir/testkit/module_suite.hpp"
#include "weir/testkit/parts_suite.hpp"
#include "weir/testkit/sink_suite.hpp"
#include "weir/testkit/source_suite.hpp"
#include "weir/testkit/sweep_suite.hpp"

/// Runs the suite on a connector that reads and writes. Stands in the global namespace.
#define WEIR_TEST_CONNECTOR(Name, Quirks) \
    WEIR_TEST_MODULE(Name, Quirks);       \
    WEIR_TEST_SOURCE(Name, Quirks);       \
    WEIR_TEST_SINK(Name, Quirks)
