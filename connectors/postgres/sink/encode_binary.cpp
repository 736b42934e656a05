#include "encode_binary.hpp"

#include <bit>
#include <limits>

#include "connectors/postgres/oids.hpp"
#include "numeric.hpp"
#include "printing.hpp"

namespace weir::postgres {
namespace {

constexpr std::int64_t epoch_days = 10'957;  // from 1970-01-01 to 2000-01-01
constexpr std::int64_t epoch_us = epoch_days * 86'400'000'000;

bool is_text(FieldView const& field) {
    return (field.layout == Layout::text || field.layout == Layout::large_text) &&
           field.meaning != Meaning::binary;
}

bool is_integer(FieldView const& field) {
    return field.meaning == Meaning::plain && field.layout >= Layout::int8 &&
           field.layout <= Layout::uint64;
}

template <class T>
bool put_fixed(Outgoing& out, T value) {
    char* const at = put_number(out.room(4 + sizeof value), std::uint32_t{sizeof value});
    out.end(put_number(at, value));
    return true;
}

/// To a signed or, for oids, an unsigned integer of the target.
template <class T>
bool integer(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::int64_t const value = column.view.integer(row);
    if (value < std::int64_t{std::numeric_limits<T>::min()} ||
        value > std::int64_t{std::numeric_limits<T>::max()})
        return false;
    return put_fixed(out, static_cast<std::make_unsigned_t<T>>(value));
}

bool boolean(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    char* const at = put_number(out.room(5), std::uint32_t{1});
    *at = static_cast<char>(column.view.boolean(row));
    out.end(at + 1);
    return true;
}

bool float4(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    auto const value = static_cast<float>(column.view.float64(row));
    return put_fixed(out, std::bit_cast<std::uint32_t>(value));
}

bool float8(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    return put_fixed(out, std::bit_cast<std::uint64_t>(column.view.float64(row)));
}

bool bytes(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::string_view const value = column.view.bytes(row);
    char* const at =
        put_number(out.room(4 + value.size()), static_cast<std::uint32_t>(value.size()));
    if (!value.empty()) std::memcpy(at, value.data(), value.size());
    out.end(at + value.size());
    return true;
}

bool jsonb(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::string_view const value = column.view.bytes(row);
    char* at = put_number(out.room(5 + value.size()), static_cast<std::uint32_t>(value.size() + 1));
    *at++ = 1;  // the version
    if (!value.empty()) std::memcpy(at, value.data(), value.size());
    out.end(at + value.size());
    return true;
}

/// Days or microseconds from 2000-01-01; the two ends of the range mean the infinities there.
bool date(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::int64_t const units = column.view.field().units, value = column.view.integer(row);
    if (value % units != 0) return false;
    std::int64_t const days = value / units - epoch_days;
    if (days <= INT32_MIN || days >= INT32_MAX) return false;
    return put_fixed(out, static_cast<std::uint32_t>(days));
}

/// In microseconds; false: it is finer, or does not fit.
bool microseconds(EncodedColumn const& column, std::int64_t row, std::int64_t& value) {
    std::int64_t const units = column.view.field().units;
    value = column.view.integer(row);
    if (units < 1'000'000) return !__builtin_mul_overflow(value, 1'000'000 / units, &value);
    std::int64_t const finer = units / 1'000'000;
    bool const is_whole = value % finer == 0;
    value /= finer;
    return is_whole;
}

bool time(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::int64_t us;
    return microseconds(column, row, us) && put_fixed(out, static_cast<std::uint64_t>(us));
}

bool timestamp(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    std::int64_t us;
    if (!microseconds(column, row, us) || __builtin_sub_overflow(us, epoch_us, &us)) return false;
    if (us == INT64_MIN || us == INT64_MAX) return false;
    return put_fixed(out, static_cast<std::uint64_t>(us));
}

bool numeric(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    return put_numeric(out, column.view.bytes(row));
}

bool printed_numeric(EncodedColumn& column, std::int64_t row, Outgoing& out) {
    Outgoing digits;
    print_value(digits, column.view, row);
    return put_numeric(out, {digits.data(), digits.size()});
}

EncodedColumn::Put text_like(FieldView const& field, TargetColumn const& column) {
    if (!is_text(field)) return nullptr;
    if (column.kind == 'e' || column.type_name == "citext") return bytes;
    switch (column.oid) {
        case oid_text:
        case oid_varchar:
        case oid_bpchar:
        case oid_name:
        case oid_json:
        case oid_xml: return bytes;
        case oid_jsonb: return jsonb;
        case oid_numeric: return field.extension == "weir.numeric" ? numeric : nullptr;
        default: return nullptr;
    }
}

EncodedColumn::Put number_like(FieldView const& field, TargetColumn const& column) {
    bool const is_small = is_integer(field) && field.layout != Layout::uint64;
    switch (column.oid) {
        case oid_int2: return is_small ? integer<std::int16_t> : nullptr;
        case oid_int4: return is_small ? integer<std::int32_t> : nullptr;
        case oid_int8: return is_small ? integer<std::int64_t> : nullptr;
        case oid_oid: return is_small ? integer<std::uint32_t> : nullptr;
        case oid_numeric:
            return is_integer(field) || field.layout == Layout::decimal ? printed_numeric : nullptr;
        case oid_float4: return field.layout == Layout::float32 ? float4 : nullptr;
        case oid_float8:
            return field.layout == Layout::float32 || field.layout == Layout::float64 ? float8
                                                                                      : nullptr;
        default: return nullptr;
    }
}

}  // namespace

EncodedColumn::Put binary_put(FieldView const& field, TargetColumn const& column) {
    if (column.element) return nullptr;
    bool const is_uuid = field.layout == Layout::fixed && field.extension == "arrow.uuid";
    switch (column.oid) {
        case oid_bool: return field.layout == Layout::boolean ? boolean : nullptr;
        case oid_bytea: return field.meaning == Meaning::binary && !is_uuid ? bytes : nullptr;
        case oid_uuid: return is_uuid && field.width == 16 ? bytes : nullptr;
        case oid_date: return field.meaning == Meaning::date ? date : nullptr;
        case oid_time: return field.meaning == Meaning::time ? time : nullptr;
        case oid_timestamp: return field.meaning == Meaning::timestamp ? timestamp : nullptr;
        case oid_timestamptz: return field.meaning == Meaning::instant ? timestamp : nullptr;
        default: break;
    }
    if (EncodedColumn::Put const put = text_like(field, column)) return put;
    return number_like(field, column);
}

}  // namespace weir::postgres
