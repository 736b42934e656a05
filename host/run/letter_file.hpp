#pragma once

#include <cstdint>
#include <mutex>
#include <string>

#include "host/core/clock.hpp"
#include "host/run/dead_letters.hpp"

namespace weir::host {

/// Keeps the records that a sink refused in a file, one JSON object per line:
/// {"id","at","run_id","stream","target","code","message","where","record":{…}}.
///
/// The file is opened, and made readable by its owner only, with the first letter; an existing one
/// is appended to. A letter that is given again, see DeadLetters, is there again.
class LetterFile final : public LetterBox {
public:
    /// An empty `path` keeps nothing and only lets the copy go on (--on-error skip).
    LetterFile(Clock const& clock, std::string path, std::string run_id);
    LetterFile(LetterFile const&) = delete;
    LetterFile& operator=(LetterFile const&) = delete;
    ~LetterFile() override;

    /// What it answers says E_IO when the file cannot be written.
    std::unique_ptr<DeadLetters> open(std::string stream, std::string target) override;

    /// Of those who have ended.
    std::uint64_t kept() const { return kept_; }
    std::string const& path() const { return path_; }

private:
    class Stream;

    Result<void> keep(std::string& lines, std::uint64_t letters);
    Result<void> open_file();
    Error failed(char const* what) const;

    Clock const& clock_;
    std::string path_, run_id_;
    std::mutex mutex_;  // guards what follows
    std::uint64_t kept_ = 0;
    int file_ = -1;
};

}  // namespace weir::host
