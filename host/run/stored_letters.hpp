#pragma once

#include <string>

#include "host/core/clock.hpp"
#include "host/run/dead_letters.hpp"
#include "host/store/letters.hpp"

namespace weir::host {

/// Keeps the records that a sink refused in the host's store. One that comes again in the same run
/// is kept once: it is known by its place among the rows read and by what is in it.
class StoredLetters final : public LetterBox {
public:
    static constexpr std::size_t waiting_letters_max = 1'000;

    StoredLetters(Letters& letters, Clock const& clock, std::string job, std::string run_id);

    /// What it answers says E_IO "dead_letters.full" and what else Letters::add() says.
    std::unique_ptr<DeadLetters> open(std::string stream, std::string target) override;

private:
    class Stream;

    Letters& letters_;
    Clock const& clock_;
    std::string job_, run_id_;
};

}  // namespace weir::host
