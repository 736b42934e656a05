#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/json.hpp>

#include "catalog.hpp"

namespace weir::mysql {

/// A field that a delta may go by. A value.
struct Candidate {
    SourceField const* field;
    std::vector<std::string> notes;  ///< what speaks for it and against it
    int rank;
};

/// The fields of `table` that may only grow, best first.
std::vector<Candidate> candidates_of(Table const& table);

/// {FIELD: {"kind","updates","indexed","nulls": false: rows without a value come with the first run
/// only, and as method.hpp has it "method","guarantee","lookback_ms"?,"caveat"?,"unsafe"?,
/// "lookback_helps"}} of each field; null where check_tracking() refuses it.
Json cursors_of(Table const& table);

/// Throws E_CONFIG `source.cursor_unsuitable` when `field` has no order in which new values come
/// last.
void check_tracking(Table const& table, SourceField const& field);

bool is_time(SourceField const& field);
/// Whether the server gives the field its value, by a default or a trigger.
bool set_by_server(Table const& table, SourceField const& field);

/// Tells a value that may become a position from one that lies in the future, and would hide all
/// that comes after.
class Horizon {
public:
    Horizon() = default;
    /// `server_us`: the server's clock when the read began.
    Horizon(SourceField const& tracking, std::int64_t server_us);
    /// Whether a row of this tracking value, as it stands in positions, lies within.
    bool covers(std::string_view value) const { return limit_.empty() || value <= limit_; }
    /// The same in SQL, of the expression `column`; empty: every value does.
    std::string condition(std::string const& column) const;
    /// For times: that a value is at least `lookback_ms` old, and old enough that whoever drew it
    /// shows among those at work. Empty: not a time.
    std::string old_enough(std::string const& column, std::int64_t lookback_ms) const;
    /// How long a row waits for that, without a lookback; 0: not a time.
    std::int64_t gap_ms() const { return gap_ms_; }

private:
    Type type_ = Type::int64;
    std::int64_t gap_ms_ = 0;
    std::string limit_;  ///< as MariaDB prints it; the texts of one type sort as the times do
};

}  // namespace weir::mysql
