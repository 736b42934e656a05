#include <weir/cpp/module.hpp>

#include "errors.hpp"
#include "postgres.hpp"

namespace {

constexpr char config_schema[] = R"({
  "type": "object",
  "properties": {
    "url": {"type": "string", "title": "URL", "x-order": 1,
            "examples": ["postgres://user:${env:PGPASSWORD}@db.example:5432/shop"],
            "description": "As libpq reads it, with its parameters: sslmode, connect_timeout ...",
            "x-url-parameters": ["application_name", "channel_binding", "client_encoding",
              "connect_timeout", "dbname", "fallback_application_name", "gssencmode", "host",
              "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
              "keepalives_interval", "load_balance_hosts", "nul", "password", "port",
              "require_auth", "sslmode", "sslsni", "ssl_max_protocol_version",
              "ssl_min_protocol_version", "target_session_attrs", "tcp_user_timeout", "user"]},
    "host": {"type": "string", "title": "Host, or directory of a Unix socket", "x-order": 2},
    "port": {"type": "integer", "title": "Port", "minimum": 1, "maximum": 65535, "x-order": 3},
    "user": {"type": "string", "title": "User", "x-order": 4},
    "password": {"type": "string", "title": "Password", "writeOnly": true, "x-order": 5},
    "database": {"type": "string", "title": "Database", "x-order": 6},
    "schema": {"type": "string", "title": "Schema of names that say none",
               "description": "As a sink: of all tables; without it they keep the source's",
               "examples": ["public"], "minLength": 1, "maxLength": 63, "x-order": 7},
    "sslmode": {"type": "string", "title": "TLS",
                "enum": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"]},
    "nul": {"type": "string", "title": "Character U+0000 in texts", "enum": ["reject", "strip"],
            "description": "As a sink: a record with it is refused, or goes without it"},
    "sslrootcert": {"type": "string", "title": "File with the server's CA",
                    "format": "path"}
  },
  "additionalProperties": false
})";

}  // namespace

WEIR_PLUGIN(
    "dev.weir.postgres", "0.1.0",
    weir::connector<weir::postgres::Postgres>({"postgres", "PostgreSQL", config_schema,
                                                     R"({"schemes":["postgres","postgresql"]})",
                                                     weir::postgres::errors}))
