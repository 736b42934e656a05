#include <weir/cpp/module.hpp>

#include "errors.hpp"
#include "source.hpp"

namespace {

constexpr char config_schema[] = R"({
  "type": "object",
  "properties": {
    "url": {"type": "string", "title": "URL", "examples": ["generator:rows=1000"], "x-order": 1},
    "rows": {"type": "integer", "title": "Rows", "minimum": 0},
    "seed": {"type": "integer", "title": "Seed", "minimum": 0},
    "rate": {"type": "number", "title": "Rows per second", "minimum": 0},
    "types": {"type": "string", "title": "Types, joined by +", "examples": ["int64+text+uuid"]},
    "text_chars": {"type": "integer", "title": "Length of a text", "minimum": 0}
  },
  "additionalProperties": false
})";

}  // namespace

WEIR_PLUGIN("dev.weir.generator", "0.1.0",
            weir::connector<weir::generator::Generator>(
                {"generator", "Made-up records", config_schema, R"({"schemes":["generator"]})",
                 weir::generator::errors}))
