#include "catalog.hpp"

#include <algorithm>
#include <charconv>
#include <map>

namespace weir::postgres {
namespace {

// Extension members, partitions and what Weir keeps for itself are no streams of their own, but
// whoever names one gets it.
constexpr char not_asked_for[] =
    " AND NOT c.relispartition AND c.relname !~ '^_weir_'"
    " AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend x"
    " WHERE x.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND x.objid = c.oid"
    " AND x.deptype = 'e')";

constexpr char from_relations[] =
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace";

// Children of any depth: partitions, or tables that inherit.
constexpr char from_relations_and_parts[] =
    " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN LATERAL (WITH RECURSIVE part (oid) AS ("
    " SELECT h.inhrelid FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid UNION ALL"
    " SELECT h.inhrelid FROM part p JOIN pg_catalog.pg_inherits h ON h.inhparent = p.oid)"
    " SELECT bool_or(l.relkind = 'f') AS has_foreign,"
    " bool_or(pg_catalog.pg_relation_filenode(l.oid) IS DISTINCT FROM nullif(l.relfilenode, 0))"
    " AS rewritten,"
    " pg_catalog.md5(string_agg(l.oid::text, ',' ORDER BY l.oid)) AS are"
    " FROM part p JOIN pg_catalog.pg_class l ON l.oid = p.oid) parts ON true";

std::string chosen(std::optional<NamePattern> const& pattern,
                   char const* relations = from_relations) {
    std::string out = std::string{relations} +
                      " WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')"
                      " AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
    auto match = [&out](char const* column, NamePart const& part) {
        out += std::string{" AND "} + column;
        // As text: a literal of type name would be cut at 63 bytes, and match another table.
        out +=
            part.wild ? "::text LIKE " + literal(part.like) : " = " + literal(part.text) + "::text";
    };
    if (pattern) {
        match("n.nspname", pattern->schema);
        match("c.relname", pattern->table);
    }
    if (!pattern || !pattern->exact()) out += not_asked_for;
    return out;
}

constexpr char preview_columns[] = R"( c.relkind IN ('r', 'p', 'v')
   AND pg_catalog.has_table_privilege(c.oid, 'SELECT')
   AND pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
 pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
 pg_catalog.has_function_privilege('pg_catalog.pg_control_checkpoint()', 'EXECUTE'))";

constexpr char relation_columns[] = R"(SELECT c.oid, n.nspname, c.relname, c.relkind,
 CASE WHEN c.relkind = 'p' THEN (SELECT sum(nullif(l.reltuples, -1)) FROM
        pg_catalog.pg_partition_tree(c.oid) p JOIN pg_catalog.pg_class l ON l.oid = p.relid
        WHERE p.isleaf)::bigint
      WHEN c.relkind IN ('r', 'm') AND c.reltuples >= 0 THEN c.reltuples::bigint END,
 c.relkind IN ('r', 'f') AND
   EXISTS (SELECT FROM pg_catalog.pg_inherits h WHERE h.inhparent = c.oid),
 pg_catalog.has_schema_privilege(n.oid, 'USAGE'),
 pg_catalog.has_any_column_privilege(c.oid, 'SELECT'),
 c.relrowsecurity AND pg_catalog.row_security_active(c.oid),
 EXISTS (SELECT FROM pg_catalog.pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal
   AND g.tgenabled <> 'D' AND g.tgtype & 3 = 3 AND g.tgtype & 20 <> 0),
 EXISTS (SELECT FROM pg_catalog.pg_subscription_rel s WHERE s.srrelid = c.oid),
 c.relkind = 'f' OR coalesce(parts.has_foreign, false), parts.are,
 pg_catalog.pg_is_in_recovery(),
 (SELECT timestamptz '2025-01-15 12:00+00' AT TIME ZONE z.reset_val - timestamp '2025-01-15 12:00'
   <> timestamptz '2025-07-15 12:00+00' AT TIME ZONE z.reset_val - timestamp '2025-07-15 12:00'
  FROM pg_catalog.pg_settings z WHERE z.name = 'TimeZone'),
 pg_catalog.pg_relation_filenode(c.oid) IS DISTINCT FROM nullif(c.relfilenode, 0)
   OR coalesce(parts.rewritten, false)
   OR CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE') THEN
     pg_catalog.to_regclass(pg_catalog.format('%I.%I', n.nspname, c.relname))::pg_catalog.oid
       IS DISTINCT FROM c.oid ELSE false END,)";
constexpr int preview_at = 16;  // what stands behind these columns

constexpr char column_columns[] = R"(WITH RECURSIVE domain (oid, base, modifier, strict) AS (
 SELECT oid, typbasetype, typtypmod, typnotnull FROM pg_catalog.pg_type WHERE typtype = 'd'
 UNION ALL
 SELECT d.oid, t.typbasetype, CASE d.modifier WHEN -1 THEN t.typtypmod ELSE d.modifier END,
  d.strict OR t.typnotnull
 FROM domain d JOIN pg_catalog.pg_type t ON t.oid = d.base WHERE t.typtype = 'd'
), flat AS (SELECT d.* FROM domain d JOIN pg_catalog.pg_type b ON b.oid = d.base
 WHERE b.typtype <> 'd'),
rel AS (SELECT c.oid)";

constexpr char column_tables[] = R"()
SELECT a.attrelid, a.attnum, a.attname, NOT (a.attnotnull OR coalesce(d.strict, false)),
 t.oid, t.typtype, t.typname, pg_catalog.format_type(t.oid, -1),
 CASE WHEN u.oid IS NOT NULL AND e.typinput <> 'pg_catalog.array_in'::pg_catalog.regproc
  THEN pg_catalog.format_type(u.base, u.modifier) || '[]'
  ELSE pg_catalog.format_type(t.oid, coalesce(d.modifier, a.atttypmod)) END,
 coalesce(e.oid, 0), e.typname, coalesce(o.typdelim, ','),
 a.attcollation, coalesce(k.collname IN ('C', 'POSIX', 'ucs_basic') OR k.collname = 'default' AND
   (SELECT datcollate IN ('C', 'POSIX') FROM pg_catalog.pg_database
    WHERE datname = pg_catalog.current_database()), false),
 coalesce(k.collisdeterministic, true),
 CASE WHEN NOT pg_catalog.pg_type_is_visible(t.oid) THEN n.nspname END,
 pg_catalog.pg_get_expr(f.adbin, 0), q.seqcache IS NOT NULL, q.seqcache, q.seqincrement
FROM rel JOIN pg_catalog.pg_attribute a ON a.attrelid = rel.oid
LEFT JOIN flat d ON d.oid = a.atttypid
JOIN pg_catalog.pg_type t ON t.oid = coalesce(d.base, a.atttypid)
JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
LEFT JOIN pg_catalog.pg_type o
 ON o.oid = t.typelem AND t.typinput = 'pg_catalog.array_in'::pg_catalog.regproc
LEFT JOIN flat u ON u.oid = o.oid
LEFT JOIN pg_catalog.pg_type e ON e.oid = coalesce(u.base, o.oid)
LEFT JOIN pg_catalog.pg_collation k ON k.oid = a.attcollation
LEFT JOIN pg_catalog.pg_attrdef f
 ON f.adrelid = a.attrelid AND f.adnum = a.attnum AND a.attgenerated = ''
LEFT JOIN LATERAL (SELECT max(s.seqcache) AS seqcache, max(s.seqincrement) AS seqincrement
 FROM pg_catalog.pg_depend p JOIN pg_catalog.pg_sequence s ON s.seqrelid =
  CASE WHEN p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN p.objid ELSE p.refobjid END
 WHERE p.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND p.objid = f.oid
  OR p.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND p.deptype = 'i'
   AND p.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
   AND p.refobjid = a.attrelid AND p.refobjsubid = a.attnum
) q ON f.oid IS NOT NULL OR a.attidentity <> ''
WHERE a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attrelid, a.attnum)";

constexpr char index_columns[] = R"(SELECT i.indrelid, i.indisprimary,
 i.indisunique AND i.indisvalid AND i.indimmediate AND i.indpred IS NULL AND i.indexprs IS NULL,
 i.indkey, i.indnkeyatts, i.indcollation
FROM pg_catalog.pg_index i WHERE i.indisvalid AND i.indpred IS NULL
 AND i.indrelid IN (SELECT c.oid)";

// Of a partition none of its own: its parent's stand for all.
constexpr char reference_columns[] = R"(SELECT f.conrelid, n.nspname, c.relname,
 pg_catalog.array_to_string(f.conkey, ' ')
FROM pg_catalog.pg_constraint f JOIN pg_catalog.pg_class c ON c.oid = f.confrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE f.contype = 'f' AND f.confrelid <> f.conrelid AND NOT c.relispartition
 AND f.conrelid IN (SELECT c.oid)";

std::vector<std::int64_t> numbers_of(std::string_view text) {
    std::vector<std::int64_t> out;
    for (char const *at = text.data(), *end = at + text.size(); at < end;) {
        std::int64_t number = 0;
        at = std::from_chars(at, end, number).ptr + 1;
        out.push_back(number);
    }
    return out;
}

Preview preview_from(Result const& from, int row, int column) {
    return {from.flag(row, column), from.flag(row, column + 1), from.flag(row, column + 2)};
}

SourceField read_field(Result const& from, int row) {
    SourceField field;
    field.number = static_cast<int>(from.number(row, 1));
    field.name = from.text(row, 2);
    field.nullable = from.flag(row, 3);
    field.type.oid = static_cast<std::uint32_t>(from.number(row, 4));
    field.type.kind = from.value(row, 5).empty() ? 'b' : from.value(row, 5)[0];
    field.type.name = from.text(row, 6);
    field.type.literal = from.text(row, 7);
    field.type_text = from.text(row, 8);
    field.type.element = static_cast<std::uint32_t>(from.number(row, 9));
    field.type.element_name = from.text(row, 10);
    field.type.delimiter = from.value(row, 11).empty() ? ',' : from.value(row, 11)[0];
    field.collation = static_cast<std::uint32_t>(from.number(row, 12));
    field.collation_is_c = from.flag(row, 13);
    field.deterministic = from.flag(row, 14);
    field.type_schema = from.text(row, 15);
    field.default_expression = from.text(row, 16);
    field.has_sequence = from.flag(row, 17);
    if (field.has_sequence) {
        field.sequence_cache = from.number(row, 18);
        field.sequence_increment = from.number(row, 19);
    }
    return field;
}

SourceIndex read_index(Result const& from, int row, Table const& table) {
    SourceIndex index;
    index.primary = from.flag(row, 1);
    index.unique = from.flag(row, 2);
    std::vector<std::int64_t> columns = numbers_of(from.value(row, 3));
    std::vector<std::int64_t> const collations = numbers_of(from.value(row, 5));
    columns.resize(std::min(columns.size(), static_cast<std::size_t>(from.number(row, 4))));
    for (std::size_t i = 0; i < columns.size(); ++i) {
        SourceField const* const field = table.find(static_cast<int>(columns[i]));
        // Unique by another collation is not unique by the one that ORDER BY will use.
        if (field && i < collations.size() && collations[i] != 0 &&
            static_cast<std::uint32_t>(collations[i]) != field->collation)
            index.unique = false;
        index.columns.push_back(field ? field->number : 0);
    }
    return index;
}

Reference read_reference(Result const& from, int row, Table const& table) {
    Reference reference{stream_name(from.text(row, 1), from.text(row, 2)), {}};
    for (std::int64_t const number : numbers_of(from.value(row, 3)))
        if (SourceField const* const field = table.find(static_cast<int>(number)))
            reference.fields.push_back(field->name);
    return reference;
}

}  // namespace

Field SourceField::field() const {
    return {.name = name, .type = type_of(type), .nullable = nullable, .source_type = type_text,
            .vendor = "postgres"};
}

SourceField const* Table::find(std::string_view field) const {
    for (SourceField const& each : fields)
        if (each.name == field) return &each;
    return nullptr;
}

SourceField const* Table::find(int number) const {
    for (SourceField const& each : fields)
        if (each.number == number) return &each;
    return nullptr;
}

SourceField const& Table::at(std::string const& field) const {
    if (SourceField const* const found = find(field)) return *found;
    std::string names;
    for (SourceField const& each : fields) names += (names.empty() ? "" : ", ") + each.name;
    throw Error{WEIR_E_NOT_FOUND, stream() + " has no field \"" + field + "\"", field}
        .coded("source.field_not_found")
        .suggest("its fields are " + names);
}

std::string describe_sql(std::optional<NamePattern> const& pattern) {
    std::string const from = chosen(pattern);
    std::string const relations = chosen(pattern, from_relations_and_parts);
    return std::string{relation_columns} + preview_columns + relations +
           " ORDER BY n.nspname, c.relname;" + column_columns + from + column_tables + ";" +
           index_columns + from +
           ") ORDER BY i.indrelid, i.indisprimary DESC, i.indnkeyatts, i.indexrelid;" +
           reference_columns + from + ") ORDER BY f.conrelid, f.oid";
}

std::vector<Table> read_tables(std::vector<Result> const& answers, std::size_t from) {
    Result const& relations = answers.at(from);
    Result const& columns = answers.at(from + 1);
    Result const& indexes = answers.at(from + 2);
    Result const& references = answers.at(from + 3);
    std::vector<Table> tables;
    std::map<std::int64_t, std::size_t> by_oid;
    for (int row = 0; row < relations.rows(); ++row) {
        Table table;
        table.oid = static_cast<std::uint32_t>(relations.number(row, 0));
        table.schema = relations.text(row, 1);
        table.name = relations.text(row, 2);
        table.kind = relations.value(row, 3)[0];
        table.has_children = relations.flag(row, 5);
        if (!relations.null(row, 4) && !table.has_children) table.rows = relations.number(row, 4);
        table.schema_usable = relations.flag(row, 6);
        table.readable = relations.flag(row, 7);
        table.row_security = relations.flag(row, 8);
        table.has_row_trigger = relations.flag(row, 9);
        table.subscribed = relations.flag(row, 10);
        table.has_foreign = relations.flag(row, 11);
        table.parts = relations.text(row, 12);
        table.in_recovery = relations.flag(row, 13);
        table.summer_time = relations.flag(row, 14);
        table.is_rewritten = relations.flag(row, 15);
        table.preview = preview_from(relations, row, preview_at);
        by_oid[table.oid] = tables.size();
        tables.push_back(std::move(table));
    }
    for (int row = 0; row < columns.rows(); ++row)
        if (auto const at = by_oid.find(columns.number(row, 0)); at != by_oid.end())
            tables[at->second].fields.push_back(read_field(columns, row));
    for (int row = 0; row < indexes.rows(); ++row)
        if (auto const at = by_oid.find(indexes.number(row, 0)); at != by_oid.end()) {
            Table& table = tables[at->second];
            table.indexes.push_back(read_index(indexes, row, table));
        }
    for (int row = 0; row < references.rows(); ++row)
        if (auto const at = by_oid.find(references.number(row, 0)); at != by_oid.end()) {
            Table& table = tables[at->second];
            table.references.push_back(read_reference(references, row, table));
        }
    return tables;
}

std::string relations_sql(std::optional<NamePattern> const& pattern) { return chosen(pattern); }

std::string preview_sql(NamePattern const& name) {
    return std::string{"SELECT"} + preview_columns + from_relations +
           " WHERE n.nspname = " + literal(name.schema.text) +
           "::text AND c.relname = " + literal(name.table.text) + "::text";
}

std::optional<Preview> read_preview(Result const& relation) {
    if (relation.rows() == 0) return std::nullopt;
    return preview_from(relation, 0, 0);
}

std::vector<std::vector<std::string>> keys_of(Table const& table) {
    std::vector<std::vector<std::string>> keys;
    // A parent's index says nothing of the rows of its children.
    if (table.has_children) return keys;
    for (SourceIndex const& index : table.indexes) {
        bool good = index.unique && !index.columns.empty();
        std::vector<std::string> key;
        for (int const number : index.columns) {
            SourceField const* const field = table.find(number);
            good = good && field && !field->nullable && fits_key(field->type);
            if (good) key.push_back(field->name);
        }
        if (good && std::find(keys.begin(), keys.end(), key) == keys.end())
            keys.push_back(std::move(key));
    }
    return keys;
}

std::string key_note(SourceField const& field) {
    Type const type = type_of(field.type);
    bool const is_float = type == Type::float32 || type == Type::float64;
    // A modifier fixes the scale, and with it the digits.
    bool const digits = type == Type::numeric && field.type_text.find('(') == std::string::npos;
    bool const is_interval = field.type.name == "interval" && !field.type.element;
    if (field.type.name != "citext" && field.deterministic && !is_float && !digits && !is_interval)
        return {};
    return "the key \"" + field.name + "\" (" + field.type_text +
           ") has equal values of different spelling: a change of the spelling alone arrives as "
           "another record";
}

}  // namespace weir::postgres
