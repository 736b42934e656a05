#include "foreign_type.hpp"

#include <charconv>

namespace weir::postgres {

unsigned bits_of(std::string_view type) {
    if (!type.starts_with("bit(")) return 0;
    unsigned bits = 0;
    std::from_chars(type.data() + 4, type.data() + type.size(), bits);
    return bits;
}

std::string mysql_type(FieldView const& field) {
    // Where another value came than the type holds, the field is text.
    bool const is_number = field.meaning == Meaning::plain && field.layout >= Layout::int8 &&
                           field.layout <= Layout::uint64;
    std::string_view const own = field.source_type;
    std::string_view const name = own.substr(0, own.find_first_of("( "));
    bool const is_unsigned = own.find(" unsigned") != own.npos;
    if (field.vendor != "mysql") return {};
    if (name == "inet4" || name == "inet6") return "inet";
    if (name == "decimal" && field.extension == "weir.numeric")
        return "numeric" + std::string{own.substr(7, own.find(')') - 6)};
    if (!is_number) return {};
    if (name == "tinyint" || name == "year") return "smallint";
    if (name == "smallint") return is_unsigned ? "integer" : "smallint";
    if (name == "mediumint") return "integer";
    if (name == "int") return is_unsigned ? "bigint" : "integer";
    if (unsigned const bits = bits_of(own)) return "bit(" + std::to_string(bits) + ")";
    return {};
}

}  // namespace weir::postgres
