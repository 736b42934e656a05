#include "host/run/letter_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "host/core/text.hpp"
#include "host/run/record_json.hpp"
#include "weir/cpp/calendar.hpp"

namespace weir::host {

namespace {

constexpr std::size_t pending_bytes_max = 1 << 20;

}  // namespace

/// One stream's letters on their way into the file.
class LetterFile::Stream final : public DeadLetters {
public:
    Stream(LetterFile& file, std::string stream, std::string target)
        : file_{file}, stream_{std::move(stream)}, target_{std::move(target)} {}

    Result<void> add(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                     std::uint64_t, Error const& why) override {
        if (file_.path_.empty()) return {};
        std::int64_t const now_us = file_.clock_.unix_us();
        nlohmann::ordered_json letter{{"id", make_ulid(now_us)},
                                      {"at", rfc3339(now_us)},
                                      {"run_id", file_.run_id_},
                                      {"stream", stream_},
                                      {"target", target_},
                                      {"code", why.code},
                                      {"message", why.message}};
        if (!why.where.empty()) letter["where"] = why.where;
        letter["record"] = record_json(schema, batch, row);
        using Json = nlohmann::ordered_json;
        pending_ += letter.dump(-1, ' ', false, Json::error_handler_t::replace);
        pending_ += '\n';
        ++pending_letters_;
        return pending_.size() < pending_bytes_max ? Result<void>{} : sync();
    }

    Result<void> sync() override {
        if (pending_.empty()) return {};
        return file_.keep(pending_, std::exchange(pending_letters_, 0));
    }

private:
    LetterFile& file_;
    std::string stream_, target_, pending_;
    std::uint64_t pending_letters_ = 0;
};

LetterFile::LetterFile(Clock const& clock, std::string path, std::string run_id)
    : clock_{clock}, path_{std::move(path)}, run_id_{std::move(run_id)} {}

LetterFile::~LetterFile() {
    if (file_ >= 0) close(file_);
}

std::unique_ptr<DeadLetters> LetterFile::open(std::string stream, std::string target) {
    return std::make_unique<Stream>(*this, std::move(stream), std::move(target));
}

/// Writes `lines`, and leaves nothing in it.
Result<void> LetterFile::keep(std::string& lines, std::uint64_t letters) {
    std::lock_guard const lock{mutex_};
    if (Result<void> opened = open_file(); !opened) return opened;
    while (!lines.empty()) {
        ssize_t const written = write(file_, lines.data(), lines.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("written");
        lines.erase(0, static_cast<std::size_t>(written));
    }
    kept_ += letters;
    // A pipe or terminal has nothing to make durable.
    if (fdatasync(file_) != 0 && errno != EINVAL && errno != EROFS) return failed("written");
    return {};
}

Result<void> LetterFile::open_file() {
    if (file_ >= 0) return {};
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return file_ >= 0 ? Result<void>{} : failed("opened");
}

Error LetterFile::failed(char const* what) const {
    Error error{WEIR_E_IO, "copy.dead_letters",
                fmt::format("the dead letters' file {} cannot be {}: {}; name another with "
                            "--dead-letters",
                            path_, what, std::strerror(errno)),
                path_};
    error.flags = WEIR_ERR_FINAL;
    return error;
}

}  // namespace weir::host
