#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/json.hpp>

#include "catalog.hpp"

namespace weir::postgres {

/// A field that a delta may go by. A value.
struct Candidate {
    SourceField const* field;
    std::vector<std::string> notes;  ///< what speaks for it and against it
    int rank;
};

/// The fields of `table` that may only grow, best first.
std::vector<Candidate> candidates_of(Table const& table);

/// {FIELD: {"kind","updates","indexed"}} of each field, null where check_tracking() refuses it.
Json cursors_of(Table const& table);

/// Throws E_CONFIG `source.cursor_unsuitable` when `field` has no order in which new values come
/// last.
void check_tracking(Table const& table, SourceField const& field);

/// Tells a value that may become a position from one that lies in the future, or at infinity, and
/// would hide all that comes after.
class Horizon {
public:
    Horizon() = default;
    /// `server_us`: the server's clock when the read began.
    Horizon(SourceField const& tracking, std::int64_t server_us);
    /// Whether a row of this tracking value, as printed, lies within.
    bool covers(std::string_view value) const;
    /// The same in SQL, of the expression `column`; empty: every value does.
    std::string condition(std::string const& column) const;

private:
    Type type_ = Type::int64;
    std::int64_t limit_us_ = 0;
};

}  // namespace weir::postgres
