#include <weir/cpp/module.hpp>

#include "errors.hpp"
#include "mysql.hpp"

namespace {

constexpr char config_schema[] = R"({
  "type": "object",
  "properties": {
    "url": {"type": "string", "title": "URL", "x-order": 1,
            "examples": ["mysql://user:${env:MYSQL_PWD}@db.example:3306/shop"],
            "description": "mysql://user:password@host:port/database?sslmode=verify-full",
            "x-url-parameters": ["connect_timeout", "schema", "sslmode", "zero_date"]},
    "host": {"type": "string", "title": "Host", "x-order": 2},
    "port": {"type": "integer", "title": "Port", "minimum": 1, "maximum": 65535,
             "x-order": 3},
    "user": {"type": "string", "title": "User", "x-order": 4},
    "password": {"type": "string", "title": "Password", "writeOnly": true, "x-order": 5},
    "database": {"type": "string", "title": "Database of names that say none", "x-order": 6},
    "socket": {"type": "string", "title": "Unix socket, instead of host and port",
               "format": "path"},
    "sslmode": {"type": "string", "title": "TLS", "enum": ["disable", "require", "verify-full"]},
    "sslrootcert": {"type": "string", "title": "File with the server's CA", "format": "path"},
    "schema": {"type": "object", "title": "Fields in another form than their type has",
               "examples": [{"worked": "interval"}],
               "description": "names, or table.name, of fields of type time: as intervals"},
    "zero_date": {"type": ["string", "null"], "title": "0000-00-00 and impossible dates are",
                  "enum": ["text", "null", null]}
  },
  "additionalProperties": false
})";

}  // namespace

WEIR_PLUGIN("dev.weir.mysql", "0.1.0",
            weir::connector<weir::mysql::Mysql>({"mysql", "MariaDB and MySQL", config_schema,
                                                       R"({"schemes":["mysql","mariadb"]})",
                                                       weir::mysql::errors}))
