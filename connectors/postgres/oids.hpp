#pragma once

#include <cstdint>

namespace weir::postgres {

// Of pg_type.dat; the oids of built-in types never change.
enum Oid : std::uint32_t {
    oid_bool = 16,
    oid_bytea = 17,
    oid_char = 18,
    oid_name = 19,
    oid_int8 = 20,
    oid_int2 = 21,
    oid_int4 = 23,
    oid_text = 25,
    oid_oid = 26,
    oid_json = 114,
    oid_xml = 142,
    oid_cidr = 650,
    oid_float4 = 700,
    oid_float8 = 701,
    oid_unknown = 705,
    oid_macaddr8 = 774,
    oid_money = 790,
    oid_macaddr = 829,
    oid_inet = 869,
    oid_bpchar = 1042,
    oid_varchar = 1043,
    oid_date = 1082,
    oid_time = 1083,
    oid_timestamp = 1114,
    oid_timestamptz = 1184,
    oid_interval = 1186,
    oid_timetz = 1266,
    oid_bit = 1560,
    oid_varbit = 1562,
    oid_numeric = 1700,
    oid_uuid = 2950,
    oid_pg_lsn = 3220,
    oid_jsonb = 3802,
    oid_xid8 = 5069
};

}  // namespace weir::postgres
