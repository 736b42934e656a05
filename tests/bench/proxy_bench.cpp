// What a call through a proxy costs beyond the call itself, on the thread that owns the lane. The
// plugin does nothing; its baseline is the same table called directly.
#include <benchmark/benchmark.h>

#include "host/abi/instance.hpp"
#include "host/abi/registry.hpp"
#include "host/abi/watchdog.hpp"
#include "host/child/contained_library.hpp"

namespace {

using namespace weir::host;

int anything;

/// A batch of one int64 column without rows, which nobody has to free.
struct StaticBatch {
    void const* top_buffers[1] = {};
    void const* column_buffers[2] = {};
    ArrowArray column{0, 0, 0, 2, 0, column_buffers, nullptr, nullptr, nullptr, nullptr};
    ArrowArray* columns[1] = {&column};
    ArrowArray top{0, 0, 0, 1, 1, top_buffers, columns, nullptr, release_array, nullptr};

    static void release_array(ArrowArray* array) { array->release = nullptr; }
};
StaticBatch batch;

ArrowSchema field{"l", "id", nullptr, 0, 0, nullptr, nullptr, nullptr, nullptr};
ArrowSchema* fields[] = {&field};
ArrowSchema schema{"+s",   "",     nullptr, 0,
                   1,      fields, nullptr, [](ArrowSchema* own) { own->release = nullptr; },
                   nullptr};

weir_source const source{
    sizeof source,
    0,
    nullptr,
    [](weir_instance*, weir_call const*, weir_read const*, weir_reader** out, weir_error*) {
        *out = reinterpret_cast<weir_reader*>(&anything);
        return weir_status{WEIR_OK};
    },
    [](weir_reader*, ArrowSchema* out, weir_error*) {
        *out = schema;
        return weir_status{WEIR_OK};
    },
    [](weir_reader*, weir_call const*, weir_batch* out, weir_error*) {
        out->array = batch.top;
        return weir_status{WEIR_OK};
    },
    [](weir_reader*) {},
    [](weir_reader*) {}};

weir_sink const sink{sizeof sink,
                     0,
                     nullptr,
                     [](weir_instance*, weir_call const*, weir_begin const*, std::uint64_t*,
                        weir_out const*, weir_writer** out, weir_error*) {
                         *out = reinterpret_cast<weir_writer*>(&anything);
                         return weir_status{WEIR_OK};
                     },
                     [](weir_writer*, weir_call const*, ArrowSchema const*, ArrowArray const*,
                        weir_rejects const*, weir_error*) { return weir_status{WEIR_OK}; },
                     nullptr,
                     nullptr,
                     [](weir_writer*) {},
                     [](weir_writer*) {}};

weir_component const component{sizeof component,
                               0,
                               WEIR_ROLE_SOURCE | WEIR_ROLE_SINK,
                               0,
                               "nothing",
                               "Nothing",
                               "{}",
                               "{}",
                               [](weir_host const*, char const*, weir_instance** out, weir_error*) {
                                   *out = reinterpret_cast<weir_instance*>(&anything);
                                   return weir_status{WEIR_OK};
                               },
                               [](weir_instance*) {},
                               nullptr};

class NoLog final : public LogSink {
public:
    bool is_enabled(std::int32_t) const override { return false; }
    void log(std::int32_t, std::string_view, std::string_view) override {}
};

/// An instance of the plugin that does nothing, in this program instead of a library.
struct Nothing {
    SystemClock clock;
    NoLog log;
    Metrics metrics;
    Watchdog watchdog{clock};
    CallContext call{clock};
    Component loaded{
        std::make_shared<Generation>("nothing", "1", "", "", nullptr, nullptr),
        std::make_shared<ComponentInfo const>(ComponentInfo{.id = "nothing",
                                                            .title = "Nothing",
                                                            .config_schema = {{"type", "object"}},
                                                            .meta = {},
                                                            .schemes = {},
                                                            .errors = {},
                                                            .declared = {}}),
        &component,
        &source,
        &sink,
        nullptr};
    Instance instance = std::move(*Instance::create(
        loaded, nlohmann::json::object(), HostServices{clock, log, metrics, watchdog}, "nothing"));
};

void next_direct(benchmark::State& state) {
    Nothing nothing;
    weir_source const* volatile table = &source;
    for (auto _ : state) {
        weir_batch out{};
        weir_error error{};
        benchmark::DoNotOptimize(table->next(nullptr, nothing.call.abi(), &out, &error));
        out.array.release(&out.array);
    }
}
BENCHMARK(next_direct);

void next_through_the_proxy(benchmark::State& state) {
    Nothing nothing;
    ReaderProxy reader = std::move(*nothing.instance.source()->open(nothing.call, {}));
    benchmark::DoNotOptimize(reader.schema());
    for (auto _ : state) benchmark::DoNotOptimize(reader.next(nothing.call));
}
BENCHMARK(next_through_the_proxy);

void write_direct(benchmark::State& state) {
    Nothing nothing;
    weir_sink const* volatile table = &sink;
    for (auto _ : state) {
        weir_error error;
        benchmark::DoNotOptimize(
            table->write(nullptr, nothing.call.abi(), &schema, &batch.top, nullptr, &error));
    }
}
BENCHMARK(write_direct);

void write_through_the_proxy(benchmark::State& state) {
    Nothing nothing;
    std::uint64_t epoch = 0;
    std::string cursor;
    WriterProxy writer =
        std::move(*nothing.instance.sink()->begin(nothing.call, {}, epoch, cursor));
    for (auto _ : state)
        benchmark::DoNotOptimize(writer.write(nothing.call, schema, batch.top, nullptr));
}
BENCHMARK(write_through_the_proxy);

/// A real library in weir-runner: what the way there and back costs.
void describe_in_a_child(benchmark::State& state) {
    SystemClock clock;
    NoLog log;
    Metrics metrics;
    Watchdog watchdog{clock};
    Placement placement;
    placement.contain = [](std::filesystem::path const& library, PluginLimits const& limits,
                            OnLoss const& on_loss) {
        return ContainedLibrary::load(BENCH_RUNNER, library, limits, on_loss);
    };
    Registry registry{{BENCH_CONNECTORS}, nullptr, LoadRules{{}, std::move(placement)}};
    Instance instance = std::move(
        *Instance::create(*registry.load("generator"), {{"url", "generator:rows=1"}},
                          HostServices{clock, log, metrics, watchdog}, "generator"));
    for (auto _ : state) benchmark::DoNotOptimize(instance.describe());
}
BENCHMARK(describe_in_a_child);

}  // namespace

BENCHMARK_MAIN();
