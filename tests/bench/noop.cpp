// What durable runs cost without their data: a connector that moves nothing and keeps nothing, and
// a service that starts runs of it through the bus.
#include <atomic>
#include <thread>
#include <vector>
#include <weir/cpp/module.hpp>

namespace {

using weir::Json;

weir::Schema const schema{{"id", weir::Type::int64, false, "int64"}};

class NoRows final : public weir::Reader {
public:
    weir::Schema schema() const override { return ::schema; }
    bool next(weir::Call const&, weir::Batch&) override { return false; }
};

class NoWriter final : public weir::Writer {
public:
    void write(weir::Call const&, std::vector<weir::FieldView> const&, ArrowArray const&,
               weir::Rejects) override {}
    std::uint64_t commit(weir::Call const&, weir::Commit const&) override { return 0; }
};

/// Source and sink of one empty stream; `name` tells one from the other.
class Noop final : public weir::Source, public weir::Sink {
public:
    Noop(weir::Host const&, weir::Config const& config) : name_{config.text("name")} {}

    void discover(weir::Call const&, std::string_view, weir::Catalog& catalog) override {
        weir::Stream stream{"nothing", schema, Json::object(), WEIR_READ_FULL};
        stream.meta = {{"target", "nothing"}, {"keys", {{"id"}}}, {"rows", 0}};
        catalog.add(stream);
    }
    std::unique_ptr<weir::Reader> open(weir::Call const&, weir::Read const&) override {
        return std::make_unique<NoRows>();
    }
    weir::Prepared prepare(weir::Call const&, weir::Target const&,
                           std::vector<weir::FieldView> const&, bool) override {
        return {};
    }
    std::unique_ptr<weir::Writer> begin(weir::Call const&, weir::Begin const&, std::uint64_t& epoch,
                                        std::string&) override {
        ++epoch;
        return std::make_unique<NoWriter>();
    }
    std::string peek(weir::Call const&, weir::Begin const&) override { return {}; }
    Json describe() const { return {{"identity", "noop:" + name_}, {"cursor", "atomic"}}; }

private:
    std::string name_;
};

/// POST /starter {"runs","jobs","threads"}: asks runner/1 for that many runs over so many jobs, and
/// answers once all are asked for. Each has a kind of its own, so that none is joined to another.
class Starter final : public weir::Service {
public:
    Starter(weir::Host const& host, weir::Config const&) : host_{host} {}

    void on_http(weir::Call const& call, std::string_view, weir::Http& http) override {
        Json const body = http.json();
        int const runs = body.value("runs", 1), jobs = body.value("jobs", 1);
        std::atomic<int> next{0}, refused{0};
        auto const start_some = [&] {
            for (int i = next++; i < runs; i = next++)
                if (!start(call, i, jobs)) ++refused;
        };
        std::vector<std::thread> threads;
        for (int i = body.value("threads", 1); i > 0; --i) threads.emplace_back(start_some);
        for (std::thread& thread : threads) thread.join();
        http.reply(200, {{"started", runs - refused}});
    }

private:
    bool start(weir::Call const& call, int number, int jobs) {
        std::string const job = "noop" + std::to_string(number % jobs);
        Json const side{{"connector", "noop"}, {"config", Json::object()}};
        Json task{{"task", "copy"}, {"op", "copy"}, {"source", side}, {"sink", side}};
        task["source"]["config"]["name"] = "source";
        task["sink"]["config"]["name"] = "sink";
        Json const plan{{"plan", 1}, {"job", job}, {"tasks", Json::array({task})}};
        try {
            host_.bus().invoke(call, "runner/1", "submit",
                               {{"job", job}, {"plan", plan}, {"kind", std::to_string(number)}});
        } catch (std::exception const& error) {
            host_.warn(error.what());
            return false;
        }
        return true;
    }

    weir::Host host_;
};

constexpr char config_schema[] = R"({"type": "object", "properties": {"name": {"type": "string"}},
    "additionalProperties": false})";

constexpr char meta[] = R"({
    "mounts": ["/starter"],
    "routes": [{"id": "start", "method": "POST", "path": "/starter", "scope": "run",
      "summary": "Starts runs that move nothing",
      "request": {"type": "object", "properties": {"runs": {"type": "integer"},
        "jobs": {"type": "integer"}, "threads": {"type": "integer"}}}}],
    "requires": ["weir.bus/1"]})";

}  // namespace

WEIR_PLUGIN("dev.weir.bench.noop", "0.1.0",
            weir::connector<Noop>({"noop", "Moves nothing", config_schema}),
            weir::service<Starter>({"starter", "Starts runs", R"({"type": "object"})", meta}))
