#pragma once

#include "host/child/process.hpp"
#include "weir/host.h"

namespace weir::host {

/// Answers what a plugin in `process` asks of its host's services, by the tables of its weir_host.
/// `call`: on whose behalf, null for none. Throws BadFrame for what is no such question.
void answer_as_host(ChildProcess const& process, weir_call const* call, Op op,
                    Unpacker& args, Packer& out);

}  // namespace weir::host
