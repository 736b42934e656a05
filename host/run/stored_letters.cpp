#include "host/run/stored_letters.hpp"

#include <fmt/format.h>

#include <utility>

#include "host/core/secret.hpp"
#include "host/core/text.hpp"
#include "host/run/record_json.hpp"

namespace weir::host {

StoredLetters::StoredLetters(Letters& letters, Clock const& clock, std::string job,
                             std::string run_id)
    : letters_{letters}, clock_{clock}, job_{std::move(job)}, run_id_{std::move(run_id)} {}

void StoredLetters::name_stream(std::string stream, std::string target) {
    stream_ = std::move(stream);
    target_ = std::move(target);
    waiting_.clear();
}

Result<void> StoredLetters::add(ArrowSchema const& schema, ArrowArray const& batch,
                                std::int64_t row, std::uint64_t ordinal, Error const& why) {
    using Json = nlohmann::ordered_json;
    Letter letter;
    letter.job = job_;
    letter.stream = stream_;
    letter.target = target_;
    letter.run_id = run_id_;
    letter.code = why.code;
    letter.message = mask_secrets(why.message);
    letter.where = why.where;
    letter.record_json =
        record_json(schema, batch, row).dump(-1, ' ', false, Json::error_handler_t::replace);
    letter.position = fmt::format("{}:{}", ordinal, fingerprint(letter.record_json));
    letter.at_us = clock_.unix_us();
    waiting_.push_back(std::move(letter));
    return waiting_.size() < waiting_letters_max ? Result<void>{} : sync();
}

Result<void> StoredLetters::sync() {
    if (waiting_.empty()) return {};
    return letters_.add(std::exchange(waiting_, {}));
}

}  // namespace weir::host
