#pragma once

#include <set>
#include <string>
#include <string_view>
#include <weir/cpp/config.hpp>

namespace weir::mysql {

struct Table;

/// Fields that the configuration wants in another form than their type has. A value.
///
///   {"schema": {NAME: "interval"}, "zero_date": "text" | "null"}
///   ?schema=NAME:interval,NAME:interval&zero_date=null
///
/// NAME is that of a field of any table, or "table.field", or "database.table.field".
class Overrides {
public:
    /// Throws E_CONFIG with the place for what is neither of those.
    void read(Config const& config);
    /// Takes a parameter of the URL; false: it is none of these.
    bool read(std::string_view parameter, std::string const& value);
    /// Marks the fields of `table` that are meant. Throws E_CONFIG for one that is no time, and for
    /// a name in full that the table does not have.
    void apply(Table& table) const;
    /// The same, and what does not fit is left as it is.
    void apply_what_fits(Table& table) const;

private:
    void add_interval(std::string name, std::string const& type, std::string const& place);
    void set_zero_date(std::string const& what);
    void mark(Table& table, bool is_strict) const;

    std::set<std::string> intervals_;
    bool zero_is_null_ = false;
};

}  // namespace weir::mysql
