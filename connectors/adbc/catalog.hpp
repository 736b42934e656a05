#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connection.hpp"
#include "dialect.hpp"

namespace weir::adbc {

struct TableColumn {
    std::string name, type;  ///< in the system's own words
    bool nullable = true;
    FieldView view;  ///< as the driver hands it out
};

/// A table or view as the driver lists it. A value.
struct Table {
    std::string schema, name;
    bool is_view = false;
    std::vector<TableColumn> columns;
    std::vector<std::vector<std::string>> keys;  ///< unique and never null, the primary one first

    TableColumn const* column(std::string_view wanted) const;
    /// "people", or "sales.people" outside of the default schema.
    std::string stream(std::string const& default_schema) const;
    std::string qualified() const;
};

/// All tables of `schema` (empty: of every schema of users), or those named `name`.
std::vector<Table> tables(Connection& connection, Call const& call, std::string const& schema,
                          std::string const& name = {});
/// Whether there is one of exactly that name.
bool has_table(Connection& connection, Call const& call, std::string const& schema,
               std::string const& name);
/// The one of that name; ASCII case does not matter unless both are there.
std::optional<Table> find_table(Connection& connection, Call const& call,
                                std::string const& schema, std::string const& name);
/// Fills in what GetObjects does not say.
void read_types(Connection& connection, Call const& call, Table& table);

/// A column as a read of it brings it. `as_text`: by CAST(… AS VARCHAR).
struct ReadColumn {
    Field field;
    bool as_text = false;
};
ReadColumn read_column(Dialect const& dialect, TableColumn const& column);

}  // namespace weir::adbc
