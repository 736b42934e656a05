#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "fit.hpp"
#include "insert.hpp"

namespace weir::sqlite {

/// How the rows of a stage come to show in their target: all that it takes, in one transaction.
///
/// Needs an open transaction, `_weir_stage` attached, and a fit of the target as it stands within
/// that transaction. One statement does it; only where the target refuses a row does each row have
/// its own. A row that is refused for the sake of another that is about to change waits for it.
/// Used once.
class Swap {
public:
    /// `staged`: the SQL name of the table that holds the rows.
    Swap(Database& db, Fit const& fit, std::vector<FieldView> const& fields, std::string staged,
         std::uint32_t write_mode);

    /// What the source lacks is out already, or marked: run() leaves that alone.
    void keep_others() { removes_ = false; }
    /// Rows that the target refuses go to `refusals`, who has kept them on return; where it is
    /// absent, E_DATA names the first. What cannot be written stays as it was, unless there is no
    /// key to know it by.
    void run(Refusals refusals);

    std::uint64_t deleted() const { return deleted_; }  ///< rows of the target that are gone
    std::uint64_t refused() const { return refused_; }

private:
    void remove_gone();
    bool insert_all();
    void insert_each(Refusals& refusals);
    bool may_wait() const;
    void wait(Statement const& row);
    void prepare_to_wait();
    void exchange();
    void leave();
    std::vector<std::int64_t> come();
    void insert_last(Refusals& refusals);
    bool takes(Statement& insert, Statement const& row, std::size_t columns);
    void refuse(Statement const& row, Refusals& refusals);

    Database& db_;
    Fit const& fit_;
    std::vector<FieldView> const& fields_;
    InsertSource source_;
    bool is_replace_, by_key_, is_upsert_, removes_ = true, waits_ = false;
    std::vector<std::string> kept_;  // columns of the target that the source does not send
    Statement save_, keep_, remove_, add_, add_kept_;
    std::unique_ptr<Error> said_;  // why the last row was not taken
    std::uint64_t deleted_ = 0, refused_ = 0;
};

/// The condition of rows `t` of the target whose key the staged rows lack.
std::string lacking_sql(Fit const& fit, InsertSource const& staged);

}  // namespace weir::sqlite
