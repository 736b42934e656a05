#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/schema.hpp>

#include "connection.hpp"
#include "names.hpp"
#include "types.hpp"

namespace weir::postgres {

/// One column of a table, as the catalog has it. A value.
struct SourceField {
    int number = 0;  ///< pg_attribute.attnum
    std::string name;
    SourceType type;
    std::string type_text;  ///< with modifiers, domains resolved: "numeric(10,2)"
    bool nullable = true;
    std::uint32_t collation = 0;     ///< 0: the type has none
    bool collation_is_c = false;     ///< sorts by bytes
    bool deterministic = true;       ///< equal texts are equal bytes
    std::string type_schema;         ///< to be added to the search path; empty: it is in it
    std::string default_expression;  ///< of the server; empty: none
    bool has_sequence = false;       ///< identity, or a default that draws from a sequence
    std::int64_t sequence_cache = 1, sequence_increment = 1;

    Field field() const;
    bool operator==(SourceField const&) const = default;
};

/// One index, by the numbers of its key columns; 0 stands for an expression.
struct SourceIndex {
    bool primary = false;
    bool unique = false;  ///< holds for every row, at once: no predicate, no expression, valid
    std::vector<int> columns;
    bool operator==(SourceIndex const&) const = default;
};

/// One foreign key to another relation. A value.
struct Reference {
    std::string stream;
    std::vector<std::string> fields;
    bool operator==(Reference const&) const = default;
};

/// What a transaction can do for a relation, which has to be known before it begins: the lock must
/// come before the snapshot, and a function that may not be called would end it. A value.
struct Preview {
    bool lockable = false;
    bool tells_system = false, tells_timeline = false;  ///< of the server, not of the relation
    bool operator==(Preview const&) const = default;
};

/// One relation that can be read. A value.
struct Table {
    std::uint32_t oid = 0;
    std::string schema, name;
    char kind =
        'r';  ///< pg_class.relkind: r table, p partitioned, v view, m materialized, f foreign
    std::optional<std::int64_t> rows;  ///< the server's estimate
    bool has_children = false;         ///< of inheritance: reading it reads them too
    bool is_alone = false;             ///< it is read without them
    bool schema_usable = true;         ///< USAGE is granted on its schema
    bool readable = true;              ///< SELECT is granted on it or on a column of it
    bool row_security = false;         ///< some rows are hidden from this user
    bool has_row_trigger = false;      ///< before insert or update
    bool subscribed = false;           ///< written by a subscription
    bool has_foreign = false;          ///< it, or a part of it, lies on another server
    std::string parts;                 ///< tells one set of partitions or children from another
    bool is_rewritten = false;         ///< it, or a part of it, since the snapshot: looks empty
    bool in_recovery = false;          ///< the server is a standby
    bool summer_time = false;          ///< the server's zone has it
    Preview preview;
    std::vector<SourceField> fields;
    std::vector<SourceIndex> indexes;
    std::vector<Reference> references;

    /// As users write it.
    std::string stream() const { return stream_name(schema, name); }
    /// As SQL has it.
    std::string sql() const { return (is_alone ? "ONLY " : "") + qualified(schema, name); }
    SourceField const* find(std::string_view field) const;
    SourceField const* find(int number) const;
    /// Throws E_NOT_FOUND `source.field_not_found`, which names those that there are.
    SourceField const& at(std::string const& field) const;
    Subject subject() const { return {stream(), schema, name}; }
    /// Whether its rows tell which transaction wrote them.
    bool has_xmin() const { return (kind == 'r' || kind == 'p' || kind == 'm') && !has_foreign; }
};

/// The statements that describe the relations that match `pattern` (nothing: all), whatever their
/// number; their answers are for read_tables().
std::string describe_sql(std::optional<NamePattern> const& pattern);
inline constexpr std::size_t describe_answers = 4;
/// From the one at `from` on.
std::vector<Table> read_tables(std::vector<Result> const& answers, std::size_t from);

/// SQL behind SELECT c.oid that names the same relations.
std::string relations_sql(std::optional<NamePattern> const& pattern);

/// The statement that tells the preview alone of the relation of that exact name; its answer is for
/// read_preview(), which says nothing where there is no such relation.
std::string preview_sql(NamePattern const& name);
std::optional<Preview> read_preview(Result const& relation);

/// The unique, never null keys of `table`, the primary key first, by field names; those whose types
/// can be sorted and sent as text.
std::vector<std::vector<std::string>> keys_of(Table const& table);

/// What is said of a key whose equality is not that of its text; empty: nothing.
std::string key_note(SourceField const& field);

}  // namespace weir::postgres
