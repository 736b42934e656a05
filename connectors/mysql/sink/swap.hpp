#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/sink.hpp>

#include "connectors/mysql/connection.hpp"
#include "fit.hpp"
#include "intake.hpp"

namespace weir::mysql {

/// How the rows of the stage come into the target, within the open transaction: whoever reads sees
/// the rows of before, or these, and the table stays the one that it was.
///
/// With a key they are brought in where they differ, without all of them; a replace removes first
/// what the stage lacks, without a key everything. Used once.
class Swap {
public:
    /// `stage`: the temporary table, as SQL.
    Swap(Connection& connection, Seat const& seat, Fit const& fit,
         std::vector<FieldView> const& fields, std::string const& stage);

    /// Rows that the target refuses go to `refusals`, who has kept them on return; where it is
    /// absent, E_DATA names the first. What cannot be written is gone from the target, unless an
    /// older state of it was there.
    void run(bool replaces, Wait const& wait, Refusals refusals);

    std::uint64_t deleted() const { return deleted_; }  ///< rows of the target that are gone
    std::uint64_t refused() const { return refused_; }

private:
    void remove_gone(Wait const& wait);
    void insert_each(Intake& intake, Said const& first, Wait const& wait, Refusals& refusals);
    void refuse(std::int64_t row, Said const& said, Wait const& wait, Refusals& refusals);
    void run_or_fail(std::string const& sql, Wait const& wait);

    Connection& connection_;
    Seat const& seat_;
    Fit const& fit_;
    std::vector<FieldView> const& fields_;
    std::string const stage_, numbered_;
    std::uint64_t deleted_ = 0, refused_ = 0;
};

}  // namespace weir::mysql
