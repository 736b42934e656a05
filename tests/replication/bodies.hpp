#pragma once

#include "plugins/replication/finding.hpp"

// What people send, word for word.
namespace weir::replication::bodies {

inline Json table_form() {
    return Json::parse(
        R"({"name":"users_sync","table_name":"users","tracking_col":"updated_at",
       "tracking_type":"timestamp","cron_tab":"*/1 * * * *","primary_key":["id"],
       "source":{"dialect":"postgresql","host":"…","port":5432,"user":"postgres",
                 "password":"…","database":"postgres"}})");
}

inline Json configure_form() {
    return Json::parse(R"({
  "name": "supabase-users",
  "sourceConfig": {
    "dialect": "postgresql",
    "host": "your-project.supabase.co",
    "port": 5432,
    "user": "postgres",
    "password": "your-password",
    "database": "postgres",
    "defaultSchema": "public"
  },
  "targetTable": "users",
  "sourceTable": "users",
  "syncIntervalMinutes": 30,
  "trackingColumn": "updated_at",
  "isActive": true
})");
}

inline Json product_catalog() {
    return Json::parse(R"({"name":"product-catalog","sourceConfig":{"dialect":"postgresql",
        "host":"your-project.supabase.co","port":5432,"user":"postgres","password":"s3cret-Pa55",
        "database":"postgres","defaultSchema":"public"},"targetTable":"products",
        "sourceTable":"products","syncIntervalMinutes":60,"trackingColumn":"id"})");
}

/// A job that uses every field there is.
inline Json native_job() {
    return Json::parse(R"({"id":"incremental_orders","name":"Incremental Orders Sync",
        "source":{"connection":"shop","stream":"public.orders","cursor":"updated_at",
                  "cursor_type":"timestamp","key":["id"],"fields":["id","total","updated_at"],
                  "batchSize":1000,"retry":{"attempts":3,"delay":5000,"backoff":"exponential"}},
        "destination":{"connection":"local","table":"orders","mode":"upsert","key":"id",
                       "onError":"dead_letter"},
        "mode":"delta","schedule":"*/15 * * * *","timezone":"UTC",
        "performance":{"concurrency":1,"parts":4,"timeout":300000},"paused":false})");
}

}  // namespace weir::replication::bodies
