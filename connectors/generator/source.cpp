#include "source.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <weir/cpp/one_stream.hpp>

#include "values.hpp"

namespace weir::generator {

namespace {

constexpr double batch_s = 0.02;  // of a rate that is kept

OneStream stream_of(Options const& options) {
    return {"generator", options.stream(), options.schema(), "id"};
}

class GeneratorReader final : public Reader {
public:
    GeneratorReader(Host const& host, Options options, Read const& read)
        : host_{host},
          options_{std::move(options)},
          fields_{stream_of(options_).choose(read)},
          values_{options_.seed, options_.text_chars},
          rows_max_{read.rows_max},
          bytes_max_{read.bytes_max},
          leaves_cursor_{OneStream::leaves_cursor(read)},
          last_{stream_of(options_).position(read)} {
        end_ = std::min(options_.rows, read.limit > rows_limit ? rows_limit : last_ + read.limit);
        started_at_ = last_;
        started_ns_ = host_.monotonic_ns();
    }

    Schema schema() const override { return fields_.schema(); }

    bool next(Call const& call, Batch& batch) override {
        call.check();
        if (last_ >= end_) {
            if (leaves_cursor_) batch.cursor(OneStream::cursor(last_));
            return false;
        }
        std::int64_t const until = wait_for_rows(call);
        do append(batch, ++last_);
        while (last_ < until && batch.bytes() < bytes_max_);
        batch.cursor(OneStream::cursor(last_));
        return true;
    }

    void interrupt() noexcept override {
        std::lock_guard lock{mutex_};
        interrupted_ = true;
        wake_.notify_all();
    }

private:
    /// The id up to which rows may be made now; waits until the rate allows some.
    std::int64_t wait_for_rows(Call const& call) {
        std::int64_t const most = std::min(end_, last_ + rows_max_);
        if (options_.rate <= 0) return most;
        // A row at a time would be a batch at a time.
        auto const some = static_cast<std::int64_t>(options_.rate * batch_s);
        std::int64_t const least = std::min(most, last_ + std::max<std::int64_t>(some, 1));
        std::unique_lock lock{mutex_};
        for (;;) {
            auto const elapsed_s = static_cast<double>(host_.monotonic_ns() - started_ns_) / 1e9;
            double const allowed = static_cast<double>(started_at_) + elapsed_s * options_.rate;
            if (allowed >= static_cast<double>(most)) return most;
            if (allowed >= static_cast<double>(least)) return static_cast<std::int64_t>(allowed);
            double const wait_s = (static_cast<double>(least) - allowed) / options_.rate;
            wake_.wait_for(lock, std::chrono::duration<double>{std::min(wait_s, 1.0)});
            if (interrupted_ || call.cancelled()) throw Error{WEIR_E_CANCELLED, "cancelled"};
        }
    }

    void append(Batch& batch, std::int64_t id) {
        std::vector<std::size_t> const& indexes = fields_.indexes();
        for (std::size_t i = 0; i < indexes.size(); ++i) {
            if (options_.types.empty())
                values_.user(batch.column(i), indexes[i], id);
            else
                values_.any(batch.column(i), indexes[i], id, fields_.schema()[i].nullable);
        }
    }

    Host host_;
    Options options_;
    ChosenFields fields_;
    Values values_;
    std::int64_t rows_max_;
    std::size_t bytes_max_;
    bool leaves_cursor_;
    std::int64_t last_, end_ = 0, started_at_ = 0, started_ns_ = 0;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool interrupted_ = false;
};

}  // namespace

void Generator::discover(Call const&, std::string_view pattern, Catalog& catalog) {
    if (!pattern.empty() && !matches(pattern, options_.stream())) return;
    Stream stream = stream_of(options_).described(name_of);
    stream.meta["rows"] = options_.rows;
    catalog.add(stream);
}

std::unique_ptr<Reader> Generator::open(Call const&, Read const& read) {
    return std::make_unique<GeneratorReader>(host_, options_, read);
}

}  // namespace weir::generator
