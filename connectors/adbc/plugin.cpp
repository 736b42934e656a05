#include "adbc.hpp"
#include "errors.hpp"

namespace {

constexpr weir::About about{"adbc", "ADBC driver", R"({
  "type": "object",
  "properties": {
    "url": {"type": "string", "title": "URL", "x-order": 1, "x-url-file": true,
            "x-url-parameters": ["entrypoint", "schema"],
            "description": "adbc:, the driver library, ? and the options of its database",
            "examples": ["adbc:/opt/duckdb/libduckdb.so?path=/srv/shop.db"]},
    "driver": {"type": "string", "title": "Driver library", "format": "path", "x-order": 2,
               "description": "instead of the URL"},
    "entrypoint": {"type": "string", "title": "Entry point", "x-order": 3, "maxLength": 255,
                   "description": "a function of the driver; found for most"},
    "schema": {"type": "string", "title": "Schema", "x-order": 4, "maxLength": 255,
               "description": "of tables; the driver's own where it is left out"},
    "path": {"type": "string", "title": "Database file", "format": "path", "x-order": 5},
    "uri": {"type": "string", "title": "URI of the database", "writeOnly": true,
            "x-url-file": true, "x-order": 6},
    "username": {"type": "string", "title": "User", "x-order": 7},
    "password": {"type": "string", "title": "Password", "writeOnly": true, "x-order": 8},
    "options": {"type": "string", "title": "Further options", "writeOnly": true, "x-order": 9,
                "x-url-parameters": [], "examples": ["?threads=2&memory_limit=1GB"],
                "description": "written as in the URL"}
  },
  "additionalProperties": false
})",
                            R"({"schemes":["adbc"],"placement":"child"})", weir::adbc::errors};

}  // namespace

WEIR_PLUGIN("dev.weir.adbc", "0.1.0", weir::connector<weir::adbc::Adbc>(about))
