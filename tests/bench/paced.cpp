// A connector whose rows say when they were read: stream "beats" (id, at_us), a batch of 100 rows
// each `batch_ms`, `batches` of them.
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <weir/cpp/module.hpp>

namespace {

using weir::Json;

weir::Schema const schema{{"id", weir::Type::int64, false, "int64"},
                          {"at_us", weir::Type::int64, false, "int64"}};
constexpr std::int64_t rows_of_batch = 100;

struct Pace {
    std::int64_t batches, batch_ms;
};

class Beats final : public weir::Reader {
public:
    Beats(Pace const& pace, weir::Read const& read) : pace_{pace} {
        if (!read.cursor.empty()) done_ = Json::parse(read.cursor)["done"].get<std::int64_t>();
    }

    weir::Schema schema() const override { return ::schema; }

    bool next(weir::Call const& call, weir::Batch& batch) override {
        {
            std::unique_lock lock{mutex_};
            wake_.wait_for(lock, std::chrono::milliseconds{pace_.batch_ms},
                           [this] { return is_interrupted_; });
        }
        call.check();
        if (done_ >= pace_.batches) return false;
        auto const now = std::chrono::system_clock::now().time_since_epoch();
        auto const at_us = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
        for (std::int64_t i = 0; i < rows_of_batch; ++i)
            batch.row(done_ * rows_of_batch + i, std::int64_t{at_us});
        batch.cursor(Json{{"done", ++done_}}.dump());
        return true;
    }

    void interrupt() noexcept override {
        std::lock_guard const lock{mutex_};
        is_interrupted_ = true;
        wake_.notify_all();
    }

private:
    Pace pace_;
    std::int64_t done_ = 0;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool is_interrupted_ = false;
};

class Paced final : public weir::Source {
public:
    Paced(weir::Host const&, weir::Config const& config)
        : name_{config.text("name")},
          pace_{config.integer("batches", 100), config.integer("batch_ms", 100)} {}

    void discover(weir::Call const&, std::string_view, weir::Catalog& catalog) override {
        weir::Stream stream{"beats", ::schema, Json::object(), WEIR_READ_FULL | WEIR_READ_DELTA};
        stream.meta = {{"target", "beats"}, {"keys", {{"id"}}}};
        catalog.add(stream);
    }
    std::unique_ptr<weir::Reader> open(weir::Call const&, weir::Read const& read) override {
        return std::make_unique<Beats>(pace_, read);
    }
    Json describe() const { return {{"identity", "paced:" + name_}}; }

private:
    std::string name_;
    Pace pace_;
};

constexpr char config_schema[] = R"({"type": "object", "properties": {
    "name": {"type": "string"}, "batches": {"type": "integer", "minimum": 1},
    "batch_ms": {"type": "integer", "minimum": 1}}, "additionalProperties": false})";

}  // namespace

WEIR_PLUGIN("dev.weir.bench.paced", "0.1.0",
            weir::connector<Paced>({"paced", "Rows that say when they were read", config_schema}))
