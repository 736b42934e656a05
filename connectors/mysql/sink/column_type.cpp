#include "column_type.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

namespace weir::mysql {
namespace {

constexpr std::int32_t decimal_digits_max = 65, bits_max = 64;
constexpr std::string_view collate = " COLLATE ";

/// Both numbers of "numeric(40,2)", or the one of "bit(9)".
struct Modifiers {
    std::int32_t first = 0, second = 0;
};

/// Of a type of another system, as it spells it: `name` and brackets, and nothing else.
std::optional<Modifiers> modifiers_of(std::string_view type, std::string_view name) {
    if (!type.starts_with(name)) return std::nullopt;
    type.remove_prefix(name.size());
    if (!type.starts_with('(') || !type.ends_with(')')) return std::nullopt;
    Modifiers out;
    char const* const end = type.data() + type.size() - 1;
    auto const [at, failed] = std::from_chars(type.data() + 1, end, out.first);
    if (failed != std::errc{}) return std::nullopt;
    if (at != end && (*at != ',' || std::from_chars(at + 1, end, out.second).ptr != end))
        return std::nullopt;
    return out;
}

/// Empty: the server has no such decimal.
std::string decimal(std::int32_t precision, std::int32_t scale, bool is_mariadb) {
    std::int32_t const scale_max = is_mariadb ? 38 : 30;
    if (scale < 0 || scale > scale_max || precision < std::max(scale, 1) ||
        precision > decimal_digits_max)
        return {};
    return "decimal(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
}

/// What holds exactly what a type of PostgreSQL does, where the batch alone asks for another one;
/// empty: there is none.
std::string postgres_type(FieldView const& field, bool is_mariadb) {
    if (field.vendor != "postgres") return {};
    if (field.layout >= Layout::int8 && field.layout <= Layout::int64) {
        if (field.source_type == "smallint") return "smallint";
        return field.source_type == "integer" ? "int" : "";
    }
    if (auto const is = modifiers_of(field.source_type, "numeric"))
        return decimal(is->first, is->second, is_mariadb);
    auto const bits = modifiers_of(field.source_type, "bit");
    return bits && bits->first >= 1 && bits->first <= bits_max
               ? "bit(" + std::to_string(bits->first) + ")"
               : "";
}

/// A type as MariaDB spells it, and nothing else: it goes into SQL as it is.
///
///   type := (letter | digit | "_" | " " | "(" | ")" | "," | text)+
///   text := "'" (any but "'" and "\" | "''")* "'"
bool is_type_text(std::string_view text) {
    bool is_quoted = false;
    int depth = 0;
    for (char const c : text) {
        if (c == '\0' || c == '\\') return false;
        if (c == '\'') is_quoted = !is_quoted;
        if (is_quoted || c == '\'') continue;
        bool const is_word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                             (c >= '0' && c <= '9') || c == '_' || c == ' ';
        depth += (c == '(') - (c == ')');
        if (depth < 0 || depth > 1) return false;
        if (!is_word && c != '(' && c != ')' && !(c == ',' && depth == 1)) return false;
    }
    return !text.empty() && !is_quoted && depth == 0;
}

std::string with_collation(std::string type, std::string const& collation) {
    return collation.empty() ? type : type + std::string{collate} + collation;
}

std::string plain_type(FieldView const& field, bool is_key, Dialect const& dialect) {
    bool const is_mariadb = dialect.is_mariadb;
    switch (field.meaning) {
        case Meaning::date: return "date";
        case Meaning::time: return "time(6)";
        case Meaning::timestamp: return "datetime(6)";
        case Meaning::instant: return "timestamp(6)";
        case Meaning::binary:
            if (field.extension == "arrow.uuid") return is_mariadb ? "uuid" : "char(36)";
            return is_key ? "varbinary(767)" : "longblob";
        default: break;
    }
    if (std::string exact = postgres_type(field, is_mariadb); !exact.empty()) return exact;
    switch (field.layout) {
        case Layout::boolean:
        case Layout::int8: return "tinyint";
        case Layout::uint8:
        case Layout::int16: return "smallint";
        case Layout::uint16:
        case Layout::int32: return "int";
        case Layout::uint32:
        case Layout::int64: return "bigint";
        case Layout::uint64: return "bigint unsigned";
        case Layout::float32: return "float";
        case Layout::float64: return "double";
        case Layout::decimal:
            if (std::string own = decimal(field.precision, field.scale, is_mariadb); !own.empty())
                return own;
            break;
        default: break;
    }
    // MySQL's own would write each document anew, and round its numbers.
    if (field.extension == "arrow.json") return is_mariadb ? "json" : "longtext";
    if (!is_key) return "longtext";
    // Equal only what is equal byte by byte, as in other systems; as long as an index takes.
    return with_collation("varchar(255)", dialect.key_collation());
}

/// A type of MariaDB or MySQL as the server that is written has it; empty: it does not.
std::string own_type(FieldView const& field, bool is_key, Dialect const& dialect) {
    if (field.vendor != "mysql" || !is_type_text(field.source_type)) return {};
    std::string_view const own = field.source_type;
    std::size_t const at = own.find(collate);
    std::string const base{own.substr(0, at)};
    // A text or blob has no length that an index could take whole.
    if (is_key && (base.ends_with("text") || base.ends_with("blob"))) return {};
    if (base == "geomcollection") return "geometrycollection";
    if (!dialect.is_mariadb) {
        for (char const* const unknown : {"uuid", "inet4", "inet6"})
            if (base == unknown) return {};
        auto const is = modifiers_of(base, "decimal");
        if (is && decimal(is->first, is->second, false).empty()) return {};
    }
    if (at == own.npos) return base;
    std::string const collation = dialect.collation(own.substr(at + collate.size()));
    // Else the server's own would take keys for equal that are two in the source.
    bool const is_lost = collation.empty() && is_key;
    return with_collation(base, is_lost ? dialect.key_collation() : collation);
}

/// Without modifiers and collation.
std::string bare(std::string_view type) {
    std::string out;
    int depth = 0;
    for (char const c : type.substr(0, type.find(" COLLATE "))) {
        depth += c == '(';
        if (depth == 0) out += c;
        depth -= c == ')';
    }
    return out;
}

/// Of "enum('a','it''s')" the texts between the brackets, as they are quoted; of others nothing.
std::vector<std::string_view> members_of(std::string_view type, std::string_view name) {
    if (!type.starts_with(name) || !type.substr(name.size()).starts_with('(')) return {};
    std::vector<std::string_view> out;
    bool is_quoted = false;
    std::size_t from = name.size() + 1;
    for (std::size_t at = from; at < type.size(); ++at) {
        is_quoted = is_quoted != (type[at] == '\'');
        if (is_quoted || (type[at] != ',' && type[at] != ')')) continue;
        out.push_back(type.substr(from, at - from));
        from = at + 1;
    }
    return out;
}

/// Whether each value of the one means the same text in the other. What is no member may be taken
/// for one: another spelling of it, or its number. A set sorts what it is given.
bool is_within(std::string_view own, std::string_view there, std::string_view name) {
    std::vector<std::string_view> const mine = members_of(own, name),
                                        others = members_of(there, name);
    auto from = others.begin();
    for (std::string_view const member : mine) {
        auto const found = std::find(name == "set" ? from : others.begin(), others.end(), member);
        if (found == others.end()) return false;
        from = found;
    }
    return !mine.empty();
}

template <std::size_t N>
bool is_one_of(std::string const& type, char const* const (&types)[N]) {
    return std::ranges::find(types, type) != std::end(types);
}

constexpr char const* integers[] = {"tinyint", "smallint", "mediumint", "int", "bigint", "bit"};
constexpr char const* text_types[] = {"char",       "varchar",  "tinytext", "text",
                                      "mediumtext", "longtext", "json"};

}  // namespace

std::string column_type(FieldView const& field, bool is_key, Dialect const& dialect) {
    std::string own = own_type(field, is_key, dialect);
    return own.empty() ? plain_type(field, is_key, dialect) : own;
}

bool is_same_type(std::string_view own, std::string_view type_text) {
    std::string const wanted = bare(own), found = bare(type_text);
    // MariaDB's JSON is a longtext with a CHECK.
    return wanted == found || (wanted == "json" && found == "longtext");
}

std::string misfit(FieldView const& field, TargetColumn const& column,
                   std::string const& own_type) {
    std::string const own_plain = own_type.substr(0, own_type.find(collate));
    if (own_plain == column.type_text) return {};
    std::string const& type = column.type;
    bool const is_text = (field.layout == Layout::text || field.layout == Layout::large_text) &&
                         field.meaning == Meaning::plain && field.extension != "weir.numeric";
    bool const is_number = field.meaning == Meaning::plain && field.layout >= Layout::int8 &&
                           field.layout <= Layout::uint64;
    bool const is_exact = field.layout == Layout::decimal || field.extension == "weir.numeric";
    bool const is_float = field.layout == Layout::float32 || field.layout == Layout::float64;
    if (type == "char" && !own_type.starts_with("char"))
        return "would drop blanks at the end of a text";
    // MySQL has no length of it.
    if (type == "year") return own_type.starts_with("year") ? "" : "would read 99 as 1999";
    if (type == "enum" || type == "set")
        return is_within(own_plain, column.type_text, type)
                   ? ""
                   : "would take other texts, and numbers, for those that it lists";
    if (type == "inet4" || type == "inet6") return "would write addresses anew";
    if (type == "binary") return "would fill bytes up with zeros";
    if (type == "json" && field.extension != "arrow.json") return "would write texts anew";
    if (is_one_of(type, text_types))
        return field.meaning == Meaning::binary && field.extension != "arrow.uuid"
                   ? "takes no bytes"
                   : "";
    if (is_one_of(type, integers))
        return is_number || field.layout == Layout::boolean ? "" : "takes whole numbers only";
    if (type == "decimal") {
        if (is_number) return {};
        if (!is_exact) return "takes decimal numbers only";
        auto const own = modifiers_of(own_type, "decimal");
        return own && own->second <= column.scale ? "" : "would round digits";
    }
    if (type == "float" || type == "double") {
        // One that says how many, double(7,2), rounds to those.
        bool const rounds = column.type_text.find('(') != std::string::npos;
        bool const fits = type == "double" ? is_float : field.layout == Layout::float32;
        return fits && !rounds ? "" : "would round digits";
    }
    if (type == "date") return field.meaning == Meaning::date ? "" : "takes dates only";
    bool const is_span =
        field.vendor == "postgres" && field.source_type.starts_with("interval");
    if (type == "time" && is_span) return column.second_digits == 6 ? "" : "would round seconds";
    if (type == "time" || type == "datetime" || type == "timestamp") {
        Meaning const wanted = type == "time"       ? Meaning::time
                               : type == "datetime" ? Meaning::timestamp
                                                    : Meaning::instant;
        // A datetime has no zone; the session's is UTC, and what it holds is the instant's UTC.
        bool const is_utc = type == "datetime" && field.meaning == Meaning::instant;
        if (field.meaning != wanted && !is_utc) return "would shift or cut times";
        return column.second_digits == 6 ? "" : "would round seconds";
    }
    if (type == "uuid") return field.extension == "arrow.uuid" ? "" : "takes uuids only";
    if (field.meaning == Meaning::binary) return {};
    return is_text ? "takes bytes only" : "takes other values";
}

}  // namespace weir::mysql
