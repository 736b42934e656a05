#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "columns.hpp"
#include "fit.hpp"

namespace weir::sqlite {

/// Rows of a batch that exchange what is unique in them (a <-> b): each is refused for as long as
/// another one of them has not given up its value.
///
/// Those whose key is there already leave the target, all at once, and come again with the columns
/// of others that they had. One that is refused even then clashes with a row that is none of them:
/// it stays as it was, and the others are tried without it. A table with triggers is left alone:
/// they would see rows go that never went.
///
/// Needs an open transaction. Belongs to one connection and must end before it.
class Exchange {
public:
    /// `run` runs a statement over the rows that the batch shows; see BatchInsert.
    Exchange(Database& db, Fit const& fit, BatchTable& batch,
             std::function<int(Statement&)> run);

    /// Takes out of `rows`, which ascend, those that are in the target now.
    void among(std::vector<std::int64_t>& rows);

private:
    bool leave(std::int64_t row);
    bool come(std::int64_t row, bool was_there);

    Database& db_;
    BatchTable& batch_;
    std::function<int(Statement&)> run_;
    Statement keep_, remove_, add_, add_kept_;
};

}  // namespace weir::sqlite
