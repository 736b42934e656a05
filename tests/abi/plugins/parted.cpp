// A source that is read in parts, and does what "do" of its configuration, or its URL behind
// "parted:", says. Without that it keeps every rule.
#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <weir/cpp/module.hpp>
#include <weir/cpp/one_stream.hpp>

namespace {

using weir::Read, weir::Type;

weir::OneStream stream() {
    weir::Schema const schema{{"id", Type::int64, false, "int64"},
                              {"state", Type::int64, false, "int64"},
                              {"name", Type::utf8, true, "text"}};
    return {"parted", "numbers", schema, "id"};
}

/// One state of all records: which one stands in each of them.
struct State {
    std::int64_t number;
};

class Numbers final : public weir::OneStreamReader {
public:
    Numbers(Read const& read, std::int64_t from, std::int64_t upto, std::shared_ptr<State> state)
        : OneStreamReader{stream(), read}, from_{from}, upto_{upto}, state_{std::move(state)} {}

    /// Also with "looks", where nothing comes but looks at the call, and a file that says so.
    bool next(weir::Call const& call, weir::Batch& batch) override {
        if (!looks) return OneStreamReader::next(call, batch);
        std::ofstream{"looking"} << "now";
        for (;;) call.check();
    }
    bool looks = false;

protected:
    bool record(weir::Batch& batch) override {
        std::int64_t const id = std::max(at(), from_) + 1;
        if (id > upto_) return false;
        row(batch, id, id, state_->number, "n" + std::to_string(id));
        return true;
    }

private:
    std::int64_t const from_, upto_;
    std::shared_ptr<State> const state_;
};

class Places final : public weir::Reader {
public:
    Places(std::vector<std::int64_t> places, bool is_shy)
        : places_{std::move(places)}, is_shy_{is_shy} {}
    weir::Schema schema() const override { return {{"id", Type::utf8, is_shy_}}; }
    bool next(weir::Call const&, weir::Batch& batch) override {
        for (std::int64_t const place : std::exchange(places_, {})) {
            if (is_shy_) batch.column(0).null();
            else batch.column(0).text(std::to_string(place));
        }
        return batch.rows() > 0;
    }

private:
    std::vector<std::int64_t> places_;
    bool const is_shy_;
};

class Parted final : public weir::Source {
public:
    Parted(weir::Host const&, weir::Config const& config)
        : deed_{config.text("do")}, rows_{config.integer("rows", 1000)} {
        std::string const url = config.text("url");
        if (deed_.empty() && url.starts_with("parted:")) deed_ = url.substr(7);
    }
    weir::Json describe() const {
        return {{"identity", "parted:"}, {"parts", !does("silent")}, {"snapshots", true},
                {"lanes", 8}};
    }
    void discover(weir::Call const&, std::string_view pattern, weir::Catalog& catalog) override {
        stream().discover(pattern, catalog);
    }
    std::unique_ptr<weir::Reader> open(weir::Call const&, Read const& read) override {
        if (does("silent")) return std::make_unique<Numbers>(read, 0, rows_, state_for(read));
        if (read.cut > 0) return std::make_unique<Places>(places(read.cut), does("shy"));
        bool const is_part = !read.above.empty() || !read.upto.empty();
        std::int64_t from = read.above.empty() ? 0 : std::stoll(read.above[0]);
        std::int64_t upto = read.upto.empty() ? rows_ : std::stoll(read.upto[0]);
        if (does("overlap") && from > 0) --from;
        if (does("gap") && upto < rows_) --upto;
        Read mine = read;
        if (is_part && does("forgets")) mine.cursor = {};
        if (!read.cursor.empty() && does("runs_over")) upto = rows_;
        auto reader = std::make_unique<Numbers>(mine, from, upto, state_for(read));
        reader->looks = does("looks");
        return reader;
    }

private:
    bool does(std::string_view deed) const { return deed_ == deed; }
    std::vector<std::int64_t> places(std::int64_t parts) const {
        std::int64_t const count = does("many") ? parts : parts - 1;
        std::vector<std::int64_t> out;
        for (std::int64_t i = 1; i <= count; ++i) out.push_back(i * rows_ / (count + 1));
        return out;
    }
    std::shared_ptr<State> state_for(Read const& read) {
        std::lock_guard const lock{mutex_};
        if (read.snapshot.empty()) return std::make_shared<State>(State{0});
        std::weak_ptr<State>& kept = kept_[std::string{read.snapshot}];
        std::shared_ptr<State> state = kept.lock();
        if (!state) kept = state = std::make_shared<State>(State{++states_});
        bool const is_last = !read.above.empty() && read.upto.empty();
        bool const is_second = !read.above.empty() && !is_last;
        if ((does("loses") ? is_second : does("loses_late") && is_last) && state->number == 1) {
            kept = std::weak_ptr<State>{};
            throw weir::Error{WEIR_E_IO, "parted: the session that kept the state ended"}.coded(
                "source.snapshot_lost");
        }
        return state;
    }

    std::string deed_;
    std::int64_t const rows_;
    std::mutex mutex_;  // guards what follows
    std::map<std::string, std::weak_ptr<State>> kept_;
    std::int64_t states_ = 0;
};

constexpr char schema[] = R"({"type": "object", "properties": {
    "url": {"type": "string", "title": "URL"}, "do": {"type": "string", "title": "Deed"},
    "rows": {"type": "integer", "title": "Rows", "minimum": 0, "default": 1000}},
    "additionalProperties": false})";

}  // namespace

WEIR_PLUGIN("dev.weir.test.parted", "1.0.0",
            weir::connector<Parted>({"parted", "Numbers in parts", schema,
                                     R"({"schemes":["parted"]})"}))
