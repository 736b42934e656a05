// Drives a connector library through its C ABI, each object owned by a C++ object. A failing call
// throws Failure. Objects must end before what they came from: Reader before SourceInstance before
// TestHost. One thread at a time, interrupt() excepted, as the ABI says.
#pragma once

#include "weir/testkit/plugin.hpp"
#include "weir/testkit/sink.hpp"
#include "weir/testkit/source.hpp"
