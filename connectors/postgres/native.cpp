#include "native.hpp"

#include "times.hpp"

namespace weir::postgres {
namespace {

constexpr std::int32_t epoch_days = 10957;  // from 1970-01-01 to 2000-01-01
constexpr std::int64_t epoch_us = epoch_days * 86'400'000'000LL;
constexpr std::size_t head_size = 19;

[[noreturn]] void broken() {
    throw Error{WEIR_E_SCHEMA, "the server sends another number of columns than it announced"};
}

std::int64_t take_number(char*& at, char const* end, std::size_t size) {
    if (at + size > end) broken();
    std::int64_t const number = native_integer({at, size, false, false});
    at += size;
    return number;
}

void print_uuid(RawValue const& value, std::string& into) {
    static constexpr char digits[] = "0123456789abcdef";
    for (std::size_t i = 0; i < value.size; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) into += '-';
        into += digits[static_cast<unsigned char>(value.data[i]) >> 4];
        into += digits[value.data[i] & 15];
    }
}

}  // namespace

bool gains_from_native(SourceType const& type) {
    switch (form_of(type)) {
        case Form::uuid:
        case Form::bytea:
        case Form::float32:
        case Form::float64:
        case Form::date:
        case Form::time:
        case Form::timestamp:
        case Form::instant: return true;
        default: return false;
    }
}

bool has_native(SourceType const& type) {
    Form const form = form_of(type);
    if (gains_from_native(type) || form == Form::boolean || form == Form::integer) return true;
    // xml comes with a declaration, jsonb with a version, "char" as a number; types of extensions
    // send what they like.
    bool const plain = type.name == "text" || type.name == "varchar" || type.name == "bpchar" ||
                       type.name == "name" || type.name == "json";
    return form == Form::text && (plain ? type.oid < 10000 : type.kind == 'e');
}

bool has_native_text(SourceType const& type) {
    Form const form = form_of(type);
    return has_native(type) &&
           (form == Form::integer || form == Form::text || form == Form::uuid ||
            form == Form::date || form == Form::timestamp || form == Form::instant);
}

bool split_tuple(char* message, std::size_t size, bool first, std::vector<RawValue>& values) {
    char* at = message;
    char const* const end = message + size;
    if (first) {
        if (size < head_size || std::memcmp(message, "PGCOPY\n\377\r\n", 11) != 0) broken();
        at += head_size - 4;
        std::int64_t const extension = take_number(at, end, 4);
        if (extension < 0 || extension > end - at) broken();
        at += extension;
    }
    std::int64_t const count = take_number(at, end, 2);
    if (count < 0) return false;
    if (static_cast<std::size_t>(count) != values.size()) broken();
    for (RawValue& value : values) {
        std::int64_t const length = take_number(at, end, 4);
        value = {at, 0, length < 0, false};
        if (length < 0) continue;
        if (length > end - at) broken();
        value.size = static_cast<std::size_t>(length);
        at += length;
    }
    return true;
}

std::optional<std::int32_t> native_days(RawValue const& value) {
    auto const days = static_cast<std::int32_t>(native_integer(value));
    if (days == INT32_MIN || days == INT32_MAX) return std::nullopt;
    return days + epoch_days;
}

std::optional<std::int64_t> native_microseconds(RawValue const& value) {
    std::int64_t const us = native_integer(value);
    std::int64_t out;
    if (us == INT64_MIN || us == INT64_MAX || __builtin_add_overflow(us, epoch_us, &out))
        return std::nullopt;
    return out;
}

void native_text(Form form, RawValue const& value, std::string& into) {
    into.clear();
    switch (form) {
        case Form::integer: into = std::to_string(native_integer(value)); return;
        case Form::uuid: return print_uuid(value, into);
        case Form::date: {
            std::int64_t const days = native_integer(value);
            if (days == INT32_MIN || days == INT32_MAX)
                into = days < 0 ? "-infinity" : "infinity";
            else
                print_date(into, days + epoch_days);
            return;
        }
        case Form::timestamp:
        case Form::instant: {
            std::int64_t const us = native_integer(value);
            if (us == INT64_MIN || us == INT64_MAX)
                into = us < 0 ? "-infinity" : "infinity";
            else
                print_timestamp(into, us, epoch_days, form == Form::instant);
            return;
        }
        default: into.assign(value.data, value.size); return;
    }
}

}  // namespace weir::postgres
