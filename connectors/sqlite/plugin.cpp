#include "errors.hpp"
#include "sqlite.hpp"

namespace {

constexpr weir::About about{"sqlite", "SQLite", R"({
  "type": "object",
  "properties": {
    "url": {"type": "string", "title": "URL", "x-url-file": true,
      "description": "sqlite:relative.db or sqlite:/absolute.db",
            "examples": ["sqlite:my.db"]},
    "path": {"type": "string", "title": "File", "format": "path",
             "description": "instead of the URL: the file as it is named"}
  },
  "additionalProperties": false
})",
                            R"({"schemes":["sqlite"]})", weir::sqlite::errors};

}  // namespace

WEIR_PLUGIN("dev.weir.sqlite", "0.1.0", weir::connector<weir::sqlite::Sqlite>(about))
