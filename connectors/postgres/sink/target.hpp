#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "connectors/postgres/connection.hpp"

namespace weir::postgres {

/// What a table without a mark has instead of one: somebody else made it.
inline constexpr char foreign_mark[] = "foreign";

/// One column of a table that is written. Types are those below domains. A value.
struct TargetColumn {
    std::string name;
    std::uint32_t oid = 0;
    std::int32_t modifier = -1;  ///< pg_attribute.atttypmod
    char kind = 'b';             ///< pg_type.typtype
    std::string type_name;       ///< pg_type.typname: "citext"
    std::string type_text;       ///< with modifiers: "numeric(10,2)"
    std::uint32_t element = 0;   ///< of a true array: its element type; 0: no array
    char delimiter = ',';        ///< between elements
    bool not_null = false, has_default = false;
    bool is_always_identity = false, is_generated = false;
    bool is_exact = true;  ///< equal values are equal bytes
};

/// A table that is written, as the catalog has it. A value.
struct TargetTable {
    std::uint32_t oid = 0;
    char kind = 'r';  ///< pg_class.relkind
    std::string comment;
    bool is_readable = true;  ///< SELECT is granted
    bool has_references = false;  ///< foreign keys of its own
    bool has_children = false;    ///< tables that inherit from it, no partitions
    std::vector<std::string> parents;  ///< tables that it inherits from, as SQL has them
    std::vector<TargetColumn> columns;
    std::vector<std::vector<std::string>> keys;  ///< columns of each unique index that holds

    TargetColumn const* column(std::string_view name) const;
    bool has_key(std::vector<std::string> const& wanted) const;
    /// `<job>-<nonce>` of the table that Weir made, from its comment; else `foreign_mark`.
    std::string mark() const;
    /// The mark, and the number that this database knows the table by: what a checkpoint keeps.
    std::string identity() const { return mark() + " " + std::to_string(oid); }
};

/// Whether both identities are of one creation: the number outlives a change of the comment, the
/// comment a dump and restore.
bool is_same_table(std::string_view one, std::string_view other);

/// COMMENT ON TABLE that carries the mark.
std::string mark_sql(std::string const& table, std::string const& mark);

/// The statements that look at the table of that name, and what they answered; nothing: there is
/// none.
std::string look_sql(std::string const& table);
inline constexpr std::size_t look_answers = 3;
std::optional<TargetTable> read_look(std::vector<Result> const& answers, std::size_t from);

}  // namespace weir::postgres
