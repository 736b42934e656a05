#include <weir/cpp/module.hpp>

#include "errors.hpp"
#include "meta.hpp"
#include "service.hpp"

namespace {

constexpr char config_schema[] = R"({
  "type": "object",
  "properties": {
    "local_url": {"type": "string", "title": "URL of the connection local",
                  "examples": ["sqlite:/var/lib/weir/local.db"]}
  },
  "required": ["local_url"],
  "additionalProperties": false
})";

}  // namespace

WEIR_PLUGIN("dev.weir.replication", "0.1.0",
            weir::service<weir::replication::Replication>({"replication", "Replication",
                                                           config_schema,
                                                           weir::replication::meta,
                                                           weir::replication::errors}))
