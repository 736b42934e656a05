#include "source.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <mutex>

#include "values.hpp"

namespace weir::generator {

namespace {

Error no_field(std::string const& name) {
    return Error{WEIR_E_NOT_FOUND, "generator: there is no field \"" + name + "\"", name}.coded(
        "source.field_not_found");
}

constexpr double batch_s = 0.02;  // of a rate that is kept

// cursor := {"at": id}: go on with the next id.
class GeneratorReader final : public Reader {
public:
    GeneratorReader(Host const& host, Options options, Read const& read)
        : host_{host},
          options_{std::move(options)},
          values_{options_.seed, options_.text_chars},
          rows_max_{read.rows_max},
          bytes_max_{read.bytes_max},
          is_delta_{read.mode == WEIR_READ_DELTA || !read.tracking.empty()} {
        choose_fields(read);
        if (!read.cursor.empty()) last_ = position_of(read.cursor);
        end_ = std::min(options_.rows, read.limit > rows_limit ? rows_limit : last_ + read.limit);
        started_at_ = last_;
        started_ns_ = host_.monotonic_ns();
    }

    Schema schema() const override { return schema_; }

    bool next(Call const& call, Batch& batch) override {
        call.check();
        if (last_ >= end_) {
            if (is_delta_) batch.cursor(position());
            return false;
        }
        std::int64_t const until = wait_for_rows(call);
        do append(batch, ++last_);
        while (last_ < until && batch.bytes() < bytes_max_);
        batch.cursor(position());
        return true;
    }

    void interrupt() noexcept override {
        std::lock_guard lock{mutex_};
        interrupted_ = true;
        wake_.notify_all();
    }

private:
    static std::int64_t position_of(std::string_view cursor) {
        Json const json = Json::parse(cursor, nullptr, false);
        if (!json.is_object() || !json.contains("at") || !json["at"].is_number_integer())
            throw Error{WEIR_E_CONFLICT, "the stored position is not one of the generator's"}.coded(
                "source.cursor_mismatch");
        return json["at"].get<std::int64_t>();
    }
    std::string position() const { return R"({"at":)" + std::to_string(last_) + "}"; }

    void choose_fields(Read const& read) {
        Schema const all = options_.schema();
        for (std::size_t i = 0; i < all.size(); ++i)
            if (!read.fields) indexes_.push_back(i);
        for (std::string const& name : read.fields.value_or(std::vector<std::string>{})) {
            auto const at = std::ranges::find(all, name, &Field::name);
            if (at == all.end()) throw no_field(name);
            indexes_.push_back(static_cast<std::size_t>(at - all.begin()));
        }
        for (std::size_t index : indexes_) schema_.push_back(all[index]);
    }

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
        for (std::size_t i = 0; i < indexes_.size(); ++i) {
            if (options_.types.empty())
                values_.user(batch.column(i), indexes_[i], id);
            else
                values_.any(batch.column(i), indexes_[i], id, schema_[i].nullable);
        }
    }

    Host host_;
    Options options_;
    Values values_;
    Schema schema_;
    std::vector<std::size_t> indexes_;
    std::int64_t rows_max_;
    std::size_t bytes_max_;
    bool is_delta_;
    std::int64_t last_ = 0, end_ = 0, started_at_ = 0, started_ns_ = 0;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool interrupted_ = false;
};

/// `text` against `pattern` with `*` and `?`.
bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*')
        return matches(pattern.substr(1), text) ||
               (!text.empty() && matches(pattern, text.substr(1)));
    return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
           matches(pattern.substr(1), text.substr(1));
}

}  // namespace

void Generator::discover(Call const&, std::string_view pattern, Catalog& catalog) {
    std::string const name = options_.stream();
    if (!pattern.empty() && !matches(pattern.substr(0, 64), name)) return;
    Stream stream{name, options_.schema(), Json::object(), WEIR_READ_FULL | WEIR_READ_DELTA};
    stream.meta = {{"target", name},
                   {"keys", {{"id"}}},
                   {"rows", options_.rows},
                   {"tracking", {{{"field", "id"}, {"type", "int64"}, {"notes", {"only grows"}}}}},
                   {"cursors",
                    {{"id", {{"kind", "id"}, {"updates", false}, {"indexed", true}}}}},
                   {"caveats", Json::array()}};
    for (Field const& field : stream.schema)
        stream.meta["fields"].push_back(
            {{"name", field.name}, {"type", name_of(field)}, {"nullable", field.nullable}});
    catalog.add(stream);
}

std::unique_ptr<Reader> Generator::open(Call const&, Read const& read) {
    if (!read.stream.empty() && read.stream != options_.stream())
        throw Error{WEIR_E_NOT_FOUND, "generator: there is no stream \"" +
                                          std::string{read.stream} + "\"; it makes " +
                                          options_.stream()}
            .coded("source.stream_not_found");
    if (!read.tracking.empty() && read.tracking != "id") {
        Schema const schema = options_.schema();
        if (std::ranges::find(schema, read.tracking, &Field::name) == schema.end())
            throw no_field(read.tracking);
        throw Error{WEIR_E_CONFIG,
                    "generator: \"" + read.tracking + "\" cannot be the cursor; use id",
                    read.tracking}
            .coded("source.cursor_unsuitable");
    }
    return std::make_unique<GeneratorReader>(host_, options_, read);
}

}  // namespace weir::generator
