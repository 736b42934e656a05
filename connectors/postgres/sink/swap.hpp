#pragma once

#include <optional>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "fit.hpp"
#include "give_way.hpp"

namespace weir::postgres {

/// How the rows of the stage take the place of those in the target: within the open transaction, so
/// that whoever reads sees the one or the other, and without making the table anew, so that its
/// views, grants, indexes and foreign keys stay.
///
/// With a key: rows that the stage lacks are deleted, the others brought in where they differ.
/// Without: all out, all in. Only where the target refuses a row are they tried one by one. Used
/// once.
class Swap {
public:
    Swap(Connection& connection, Place const& place, Fit const& fit,
         std::vector<FieldView> const& fields);

    /// Makes the stage unique by the key, and known to the planner. run() does it where it was not.
    void prepare(Wait const& wait, bool makes_unique = true);
    /// What the source lacks is out already, or marked: run() leaves that alone.
    void keep_others() { removes_ = false; }
    /// Rows that the target refuses go to `refusals`, who has kept them on return; where it is
    /// absent, E_DATA names the first. What cannot be written is gone from the target, unless an
    /// older state of it was there.
    void run(Wait const& wait, Refusals refusals);

    std::uint64_t deleted() const { return deleted_; }  ///< rows of the target that are gone
    std::uint64_t refused() const { return refused_; }

private:
    struct Range {
        std::int64_t begin, end;
    };
    using Failure = std::optional<Result>;

    void make_unique(Wait const& wait);
    void remove_gone(Wait const& wait);
    Failure attempt(Wait const& wait, std::optional<Range> range, GiveWay const& way = {},
                    bool inserts_first = false);
    Failure attempt_all(Wait const& wait);
    void insert_each(Wait const& wait, Refusals& refusals);
    void refuse(Wait const& wait, std::int64_t row, Result const& failed, Refusals& refusals);
    void run_or_fail(std::string const& sql, Wait const& wait);
    Outcome run_savepoint(std::string const& sql, Wait const& wait);

    Connection& connection_;
    Place const& place_;
    Fit const& fit_;
    std::vector<FieldView> const& fields_;
    bool const by_key_;
    bool is_prepared_ = false, removes_ = true;
    std::uint64_t deleted_ = 0, refused_ = 0;
};

}  // namespace weir::postgres
