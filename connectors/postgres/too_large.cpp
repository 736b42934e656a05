#include "too_large.hpp"

#include <algorithm>
#include <charconv>
#include <weir/cpp/source.hpp>

#include "oids.hpp"

namespace weir::postgres {
namespace {

/// No method of compression that the server has makes more of a byte.
constexpr std::int64_t expansion_max = 255;
/// A row that lies in one page: what of it may be compressed.
constexpr std::int64_t inline_bytes_max = 8192;

bool has_plain_size(SourceType const& type) {
    switch (type.oid) {
        case oid_text:
        case oid_varchar:
        case oid_bpchar:
        case oid_bytea: return true;
        default: return false;
    }
}

std::string size_sql(SourceField const& field, std::size_t row_bytes_max) {
    std::string const column = "t." + identifier(field.name);
    if (!is_wide(field.type)) return "8";
    // The server knows it without a look at the value.
    if (has_plain_size(field.type)) return "coalesce(pg_catalog.octet_length(" + column + "), 0)";
    std::size_t const suspect = row_bytes_max / static_cast<std::size_t>(expansion_max);
    std::string const stored = "pg_catalog.pg_column_size(" + column + ")";
    return "CASE WHEN " + stored + " > " + std::to_string(suspect) +
           " THEN pg_catalog.octet_length(" + column + "::pg_catalog.text) ELSE coalesce(" +
           stored + ", 0) END";
}

}  // namespace

std::string TooLarge::reason(std::vector<SourceField const*> const& sent) const {
    return Json{{"field", sent.at(field)->name}, {"bytes", bytes}}.dump(
        -1, ' ', false, Json::error_handler_t::replace);
}

bool is_wide(SourceType const& type) {
    if (type.element) return true;
    if (type.kind == 'e') return false;
    switch (form_of(type)) {
        case Form::bytea: return true;
        case Form::text: break;
        default: return false;
    }
    switch (type.oid) {
        case oid_numeric:
        case oid_char:
        case oid_name:
        case oid_cidr:
        case oid_macaddr8:
        case oid_money:
        case oid_macaddr:
        case oid_inet:
        case oid_interval:
        case oid_timetz:
        case oid_pg_lsn:
        case oid_xid8: return false;
        default: return true;
    }
}

bool may_be_too_large(std::optional<std::int64_t> toast_bytes, std::size_t row_bytes_max) {
    if (row_bytes_max == SIZE_MAX) return false;
    auto const most = static_cast<std::int64_t>(row_bytes_max) / expansion_max;
    return !toast_bytes || *toast_bytes + inline_bytes_max > most;
}

std::size_t kept_bytes_max(std::size_t row_bytes_max) {
    return std::min<std::size_t>(4096, row_bytes_max / 4);
}

std::string sizes_sql(std::vector<SourceField const*> const& sent, std::size_t row_bytes_max) {
    std::string sum, list;
    for (SourceField const* field : sent) {
        std::string const size = size_sql(*field, row_bytes_max);
        list += (list.empty() ? "" : ", ") + size;
        if (is_wide(field->type)) sum += (sum.empty() ? "" : " + ") + size + "::bigint";
    }
    // Without OFFSET 0 it would be asked once for each field.
    return "(SELECT CASE WHEN " + sum + " > " + std::to_string(row_bytes_max) + " THEN ARRAY[" +
           list + "]::bigint[] END AS sizes OFFSET 0)";
}

std::optional<TooLarge> measured_by_server(RawValue& sizes) {
    if (sizes.null) return std::nullopt;
    TooLarge found;
    char const* at = sizes.data;
    char const* const end = at + sizes.size;
    for (std::size_t place = 0; at < end && *at != '}'; ++place) {
        std::uint64_t bytes = 0;
        auto const [next, failed] = std::from_chars(at + 1, end, bytes);
        if (failed != std::errc{})
            throw Error{WEIR_E_SCHEMA, "the server sends sizes that are none"};
        if (bytes > found.bytes) found = {place, bytes};
        at = next;
    }
    return found;
}

std::optional<TooLarge> measured_here(std::vector<RawValue>& values,
                                      std::vector<SourceField const*> const& sent, bool native,
                                      std::size_t row_bytes_max) {
    TooLarge found;
    std::size_t sum = 0;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        if (values[i].null || !is_wide(sent[i]->type)) continue;
        std::size_t size = native ? values[i].size : plain_text(values[i]).size();
        // Two digits for a byte.
        if (!native && form_of(sent[i]->type) == Form::bytea) size /= 2;
        sum += size;
        if (size > found.bytes) found = {i, size};
    }
    return sum > row_bytes_max ? std::optional{found} : std::nullopt;
}

}  // namespace weir::postgres
