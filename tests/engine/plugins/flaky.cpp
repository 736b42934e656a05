// A source that fails as it is told: {"rows":100,"fail_at":50,"fails":"FILE","final":false}. FILE
// holds how often the row `fail_at` is still to fail; each failure takes one off. It is what is
// left of a failing server when the process that read from it has died.
#include <fstream>
#include <weir/cpp/module.hpp>
#include <weir/cpp/source.hpp>

namespace {

using weir::Json;

weir::Schema const schema{{"id", weir::Type::int64, false, "int64"},
                          {"name", weir::Type::utf8, true, "text"}};

struct Options {
    std::int64_t rows, fail_at;
    std::string fails;
    bool is_final;
};

class FlakyReader final : public weir::Reader {
public:
    FlakyReader(Options options, weir::Read const& read)
        : options_{std::move(options)}, rows_max_{read.rows_max} {
        if (!read.cursor.empty()) last_ = Json::parse(read.cursor)["at"].get<std::int64_t>();
    }

    weir::Schema schema() const override { return ::schema; }

    bool next(weir::Call const& call, weir::Batch& batch) override {
        call.check();
        if (last_ >= options_.rows) return false;
        std::int64_t const until = std::min(options_.rows, last_ + rows_max_);
        while (last_ < until) {
            ++last_;
            fail_where_told();
            batch.row(last_, "name " + std::to_string(last_));
        }
        batch.cursor(Json{{"at", last_}}.dump());
        return true;
    }

private:
    void fail_where_told() const {
        if (last_ != options_.fail_at) return;
        int left = 0;
        std::ifstream{options_.fails} >> left;
        if (left <= 0) return;
        std::ofstream{options_.fails} << left - 1;
        weir::Error error = weir::Error{WEIR_E_IO, "the line is dead"}.coded("flaky.dead");
        if (options_.is_final) throw std::move(error).for_good();
        throw error;
    }

    Options options_;
    std::int64_t rows_max_, last_ = 0;
};

class Flaky final : public weir::Source {
public:
    Flaky(weir::Host const& host, weir::Config const& config)
        : host_{host},
          options_{config.integer("rows", 100), config.integer("fail_at"), config.text("fails"),
                   config.flag("final")} {}

    void discover(weir::Call const&, std::string_view pattern, weir::Catalog& catalog) override {
        if (!pattern.empty() && pattern != "numbers") return;
        host_.info("looked for numbers");
        weir::Stream stream{"numbers", schema, Json::object(), WEIR_READ_FULL};
        stream.meta = {{"target", "numbers"}, {"keys", {{"id"}}}, {"rows", options_.rows}};
        catalog.add(stream);
    }
    std::unique_ptr<weir::Reader> open(weir::Call const&, weir::Read const& read) override {
        return std::make_unique<FlakyReader>(options_, read);
    }
    Json describe() const { return {{"identity", "flaky:"}}; }

private:
    weir::Host host_;
    Options options_;
};

constexpr char config_schema[] = R"({"type":"object","properties":{
    "rows":{"type":"integer"}, "fail_at":{"type":"integer"}, "fails":{"type":"string"},
    "final":{"type":"boolean"}, "password":{"type":"string","writeOnly":true}},
    "additionalProperties":false})";

}  // namespace

WEIR_PLUGIN("dev.weir.test.flaky", "0.1.0",
            weir::connector<Flaky>({"flaky", "Fails as told", config_schema, "{}"}))
