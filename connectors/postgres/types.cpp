#include "types.hpp"

#include "oids.hpp"

namespace weir::postgres {

Type type_of(SourceType const& type) {
    if (type.element) return Type::json;
    if (type.kind == 'e' || type.name == "citext") return Type::utf8;
    switch (type.oid) {
        case oid_bool: return Type::boolean;
        case oid_bytea: return Type::binary;
        case oid_int2:
        case oid_int4:
        case oid_int8:
        case oid_oid: return Type::int64;
        case oid_float4: return Type::float32;
        case oid_float8: return Type::float64;
        case oid_char:
        case oid_name:
        case oid_text:
        case oid_xml:
        case oid_unknown:
        case oid_bpchar:
        case oid_varchar: return Type::utf8;
        case oid_json:
        case oid_jsonb: return Type::json;
        case oid_date: return Type::date;
        case oid_time: return Type::time;
        case oid_timestamp: return Type::timestamp;
        case oid_timestamptz: return Type::instant;
        case oid_numeric: return Type::numeric;
        case oid_uuid: return Type::uuid;
        default: return Type::opaque;
    }
}

bool fits_key(SourceType const& type) {
    switch (type_of(type)) {
        case Type::json: return false;
        case Type::opaque: break;
        default: return true;
    }
    switch (type.oid) {
        case oid_cidr:
        case oid_macaddr8:
        case oid_money:
        case oid_macaddr:
        case oid_inet:
        case oid_interval:
        case oid_timetz:
        case oid_bit:
        case oid_varbit:
        case oid_pg_lsn:
        case oid_xid8: return true;
        default: return false;
    }
}

Form form_of(SourceType const& type) {
    if (type.element) return Form::array;
    switch (type_of(type)) {
        case Type::boolean: return Form::boolean;
        case Type::binary: return Form::bytea;
        case Type::int64: return Form::integer;
        case Type::float32: return Form::float32;
        case Type::float64: return Form::float64;
        case Type::date: return Form::date;
        case Type::time: return Form::time;
        case Type::timestamp: return Form::timestamp;
        case Type::instant: return Form::instant;
        case Type::uuid: return Form::uuid;
        default: return Form::text;
    }
}

Element element_of(SourceType const& array) {
    if (array.element_name == "citext") return Element::text;
    switch (array.element) {
        case oid_bool: return Element::boolean;
        case oid_int2:
        case oid_int4:
        case oid_int8:
        case oid_oid:
        case oid_float4:
        case oid_float8:
        case oid_numeric: return Element::number;
        case oid_json:
        case oid_jsonb: return Element::json;
        case oid_time: return Element::time;
        case oid_timestamp: return Element::timestamp;
        case oid_timestamptz: return Element::instant;
        default: return Element::text;
    }
}

Form text_form(Form form) {
    switch (form) {
        case Form::timestamp: return Form::timestamp_text;
        case Form::instant: return Form::instant_text;
        case Form::array: return Form::array_text;
        default: return Form::text;
    }
}

}  // namespace weir::postgres
