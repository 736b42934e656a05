#pragma once

#include <functional>
#include <optional>
#include <string>

#include "fence.hpp"
#include "method.hpp"
#include "query.hpp"

namespace weir::mysql {

/// The counters of the connector; 0 where the host keeps none.
struct Metrics {
    std::uint64_t bytes = 0, future_rows = 0, regressed = 0;
};

/// The way of a read that leaves a position behind by which later ones find what is new: which scan
/// comes next, and what the cursor says meanwhile. The promise is that no row is passed that may
/// still appear (I3); see README.md, "No loss".
class Delta {
public:
    struct Terms {
        Rule rule;
        bool keyed = false;
        bool append = false;   ///< each version of a row once: what is not settled waits
        bool is_full = false;  ///< all rows, whatever is stored, unless such a read was cut off
        Horizon horizon = {};  ///< of the tracking field
    };

    /// What a look needs; borrowed. `begin_again` makes the transaction of the read anew, after it
    /// was committed, and throws where the table is another one by then.
    struct Ports {
        Connection& connection;
        Wait const& wait;
        Subject const& subject;
        std::function<void()> begin_again;
    };

    /// `fresh`: fingerprint and origin of today. `stored`: the cursor that has been checked
    /// against them.
    Delta(Host host, Metrics metrics, Terms terms, Cursor fresh, std::optional<Cursor> stored);

    /// The order of the next scan; known before anything is asked.
    Order order() const;
    /// Whether the scan that was begun goes on where one was cut off: another one follows it.
    bool was_resumed() const { return was_resumed_; }

    /// Looks who is at work, waits for them, and makes `query` read what comes next; true: that is
    /// something. The connection is in the transaction of the read; in none when there is nothing.
    bool begin(Query& query, Ports const& ports);
    /// The scan has handed on a row of that place; [] stands behind those without a tracking value.
    void reach(Position const& place);
    /// The scan came to its end; `moved`: rows were read.
    void complete(bool moved);

    std::string cursor() const { return cursor_.text(); }

private:
    /// What a look at the source tells.
    struct Look {
        std::optional<Position> last, mark;
        std::int64_t clock_us = 0, boot_s = 0;
        bool has_newer = false, is_behind = false, has_future = false;
    };

    bool is_first() const { return terms_.is_full || cursor_.clock_us == 0; }
    void resume(Query& query) const;
    Look look(Query const& query, Ports const& ports) const;
    Look look_twice(Query const& query, Ports const& ports) const;
    void note_regress(Query const& query, Look const& look);
    std::optional<Mark> note_writers(Query const& query, Look const& look, Ports const& ports);
    void await(Mark& mark, Ports const& ports);
    std::optional<Position> settle(std::optional<Mark> mark);
    void tell_held_back(Query const& query, Ports const& ports) const;

    Host host_;
    Metrics metrics_;
    Terms terms_;
    Cursor cursor_;
    std::vector<Mark> pending_before_;  ///< as they were stored
    std::int64_t clock_us_ = 0;         ///< of the server, when the scan began
    bool was_resumed_ = false;
    bool regressed_ = false;  ///< all rows are looked at
    bool is_locked_ = false;  ///< newest rows of the table are those of an open transaction
};

}  // namespace weir::mysql
