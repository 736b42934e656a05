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

LetterFile::LetterFile(Clock const& clock, std::string path, std::string run_id)
    : clock_{clock}, path_{std::move(path)}, run_id_{std::move(run_id)} {}

LetterFile::~LetterFile() {
    if (file_ >= 0) close(file_);
}

void LetterFile::name_stream(std::string stream, std::string target) {
    stream_ = std::move(stream);
    target_ = std::move(target);
    pending_.clear();
    pending_letters_ = 0;
}

Result<void> LetterFile::add(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                             std::uint64_t, Error const& why) {
    if (path_.empty()) return {};
    nlohmann::ordered_json letter{{"id", make_ulid(clock_.unix_us())},
                                  {"at", rfc3339(clock_.unix_us())},
                                  {"run_id", run_id_},
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

Result<void> LetterFile::sync() {
    if (pending_.empty()) return {};
    if (Result<void> opened = open(); !opened) return opened;
    while (!pending_.empty()) {
        ssize_t const written = write(file_, pending_.data(), pending_.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return failed("written");
        pending_.erase(0, static_cast<std::size_t>(written));
    }
    kept_ += std::exchange(pending_letters_, 0);
    // A pipe or terminal has nothing to make durable.
    if (fdatasync(file_) != 0 && errno != EINVAL && errno != EROFS) return failed("written");
    return {};
}

Result<void> LetterFile::open() {
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
