#pragma once

#include <string>
#include <vector>

#include "host/core/clock.hpp"
#include "host/run/dead_letters.hpp"
#include "host/store/letters.hpp"

namespace weir::host {

/// Keeps the records that a sink refused in the host's store. One that comes again in the same run
/// is kept once: it is known by its place among the rows read and by what is in it.
class StoredLetters final : public DeadLetters {
public:
    static constexpr std::size_t waiting_letters_max = 1'000;

    StoredLetters(Letters& letters, Clock const& clock, std::string job, std::string run_id);

    void name_stream(std::string stream, std::string target) override;
    /// E_IO "dead_letters.full" and what else Letters::add() says.
    Result<void> add(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                     std::uint64_t ordinal, Error const& why) override;
    Result<void> sync() override;

private:
    Letters& letters_;
    Clock const& clock_;
    std::string job_, run_id_, stream_, target_;
    std::vector<Letter> waiting_;
};

}  // namespace weir::host
