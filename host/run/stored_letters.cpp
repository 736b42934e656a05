#include "host/run/stored_letters.hpp"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "host/core/secret.hpp"
#include "host/core/text.hpp"
#include "host/run/record_json.hpp"

namespace weir::host {

/// One stream's letters on their way into the store.
class StoredLetters::Stream final : public DeadLetters {
public:
    Stream(StoredLetters& box, std::string stream, std::string target)
        : box_{box}, stream_{std::move(stream)}, target_{std::move(target)} {}

    Result<void> add(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                     std::uint64_t ordinal, Error const& why) override {
        using Json = nlohmann::ordered_json;
        Letter letter;
        letter.job = box_.job_;
        letter.stream = stream_;
        letter.target = target_;
        letter.run_id = box_.run_id_;
        letter.code = why.code;
        letter.message = mask_secrets(why.message);
        letter.where = why.where;
        letter.record_json =
            record_json(schema, batch, row).dump(-1, ' ', false, Json::error_handler_t::replace);
        letter.position = fmt::format("{}:{}", ordinal, fingerprint(letter.record_json));
        letter.at_us = box_.clock_.unix_us();
        waiting_.push_back(std::move(letter));
        return waiting_.size() < waiting_letters_max ? Result<void>{} : sync();
    }

    Result<void> sync() override {
        if (waiting_.empty()) return {};
        return box_.letters_.add(std::exchange(waiting_, {}));
    }

private:
    StoredLetters& box_;
    std::string stream_, target_;
    std::vector<Letter> waiting_;
};

StoredLetters::StoredLetters(Letters& letters, Clock const& clock, std::string job,
                             std::string run_id)
    : letters_{letters}, clock_{clock}, job_{std::move(job)}, run_id_{std::move(run_id)} {}

std::unique_ptr<DeadLetters> StoredLetters::open(std::string stream, std::string target) {
    return std::make_unique<Stream>(*this, std::move(stream), std::move(target));
}

}  // namespace weir::host
