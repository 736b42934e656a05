#pragma once

#include <memory>
#include <string>
#include <vector>
#include <weir/cpp/source.hpp>

#include "reader.hpp"

namespace weir::postgres {

/// Tells the places between parts of about one size, by the keys of some of the table's blocks.
/// A part has at least so many bytes; what is smaller, has no blocks here, or references itself, is
/// not cut. Of a delta the end has the position behind all parts.
class CutReader final : public Reader {
public:
    static constexpr std::int64_t part_bytes_min = 4 << 20;
    /// Of some tens of rows each: an uneven cut of a hundredth.
    static constexpr std::int64_t blocks_read = 400;

    /// `whole` was to read it in one, and has not begun. Throws when the key is none of the table.
    CutReader(std::unique_ptr<TableReader> whole, Read const& read);

    Schema schema() const override;
    bool next(Call const& call, Batch& batch) override;
    void interrupt() noexcept override { interrupt_.raise(); }

private:
    void tell(Wait const& wait, Batch& batch);
    std::string places_sql(std::int64_t blocks, std::int64_t count) const;

    std::unique_ptr<TableReader> whole_;
    Interrupt interrupt_;
    std::vector<SourceField const*> key_;
    std::int64_t parts_;
    std::string position_;
    bool is_told_ = false;
};

}  // namespace weir::postgres
