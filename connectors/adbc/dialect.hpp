#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/view.hpp>

#include "connection.hpp"

namespace weir::adbc {

/// `name` as an identifier in SQL.
std::string identifier(std::string_view name);
std::string identifiers(std::vector<std::string> const& names, std::string_view before = {});
/// `name` as a user would write it: quoted where it has to be.
std::string written(std::string const& name);
bool same_name(std::string_view one, std::string_view other);

/// What the SQL of a driver's system is like; that of the standard where it is not known. A value.
class Dialect {
public:
    explicit Dialect(std::string vendor) : vendor_{std::move(vendor)} {}

    bool is_duckdb() const { return vendor_ == "duckdb"; }
    std::string const& vendor() const { return vendor_; }
    /// The schema of names that say none; empty: whichever the system takes.
    std::string default_schema() const { return is_duckdb() ? "main" : ""; }

    /// The type of a new column for `field`; empty: none holds it exactly.
    std::string type_of(Field const& field) const;
    /// Whether a value of this type crosses as text, since Arrow's type for it would change it.
    bool crosses_as_text(std::string const& type) const;

    /// Says or asks in which words a table is marked; empty: this system keeps no mark.
    std::string mark_sql(std::string const& table, std::string const& mark) const;
    /// One row when the table is there: its mark. Parameters: schema, table.
    std::string mark_query() const;

private:
    std::string vendor_;
};

}  // namespace weir::adbc
