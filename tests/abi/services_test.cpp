#include <cmath>
#include <limits>
#include <thread>

#include "abi/fixture.hpp"
#include "host/abi/host_services.hpp"

namespace weir::host {
namespace {

struct Services : testing::Test {
    template <class Table>
    Table const* service(char const* id) const {
        return static_cast<Table const*>(host()->service(host(), id));
    }
    weir_host const* host() const { return table.abi(); }

    Root root;
    HostTable const table{root.services, Identity{"postgres"}};
};

TEST_F(Services, KnowTheInstanceAndTheVersions) {
    EXPECT_STREQ(host()->instance, "postgres");
    EXPECT_EQ(host()->abi_major, WEIR_ABI_MAJOR);
    EXPECT_EQ(host()->abi_minor, WEIR_ABI_MINOR);
    EXPECT_STREQ(host()->version, "0.1.0");
    EXPECT_FALSE(host()->service(host(), "weir.store/1"));
    EXPECT_FALSE(host()->service(host(), nullptr));
}

TEST_F(Services, LogUnderTheNameOfTheInstance) {
    auto const* log = service<weir_log>("weir.log/1");
    root.log.least = 2;
    EXPECT_FALSE(log->enabled(host(), 1));
    EXPECT_TRUE(log->enabled(host(), 3));
    log->log(host(), 1, "not wanted");
    log->log(host(), 3, "slow \xff server");
    log->log(host(), 99, "beyond");
    log->log(host(), 3, nullptr);
    EXPECT_EQ(root.log.lines(), (std::vector<std::string>{"3 postgres: slow \xEF\xBF\xBD server",
                                                          "4 postgres: beyond"}));
}

TEST_F(Services, LogNoMoreThanTheLimit) {
    auto const* log = service<weir_log>("weir.log/1");
    log->log(host(), 3, std::string(HostTable::log_bytes_max + 10, 'x').c_str());
    EXPECT_EQ(root.log.lines().at(0).size(),
              HostTable::log_bytes_max + std::string{"3 postgres: "}.size());
}

TEST_F(Services, ClockIsTheHosts) {
    auto const* clock = service<weir_clock>("weir.clock/1");
    EXPECT_EQ(clock->unix_us(host()), root.clock.unix_us());
    EXPECT_EQ(clock->monotonic_ns(host()), root.clock.monotonic_ns());
}

TEST_F(Services, MetricsAddUp) {
    auto const* metrics = service<weir_metrics>("weir.metrics/1");
    std::uint64_t rows = 0, again = 0, lag = 0;
    EXPECT_EQ(metrics->define(host(), WEIR_METRIC_COUNTER, "weir_rows_total", "Rows", &rows),
              WEIR_OK);
    EXPECT_EQ(metrics->define(host(), WEIR_METRIC_COUNTER, "weir_rows_total", "", &again), WEIR_OK);
    EXPECT_EQ(metrics->define(host(), WEIR_METRIC_GAUGE, "weir_lag_seconds", nullptr, &lag),
              WEIR_OK);
    EXPECT_EQ(rows, again);
    metrics->record(host(), rows, 2);
    metrics->record(host(), rows, 3);
    metrics->record(host(), rows, -1);
    metrics->record(host(), rows, std::nan(""));
    metrics->record(host(), lag, 7);
    metrics->record(host(), lag, 1.5);
    metrics->record(host(), 0, 1);
    metrics->record(host(), 77, 1);
    metrics->record(host(), std::numeric_limits<std::uint64_t>::max(), 1);
    std::vector<Metrics::Value> const values = root.metrics.snapshot();
    ASSERT_EQ(values.size(), 2u);
    EXPECT_EQ(values[0].name, "weir_lag_seconds");
    EXPECT_EQ(values[0].value, 1.5);
    EXPECT_EQ(values[1].value, 5);
    EXPECT_EQ(values[1].help, "Rows");
}

TEST_F(Services, MetricsRefuseWhatCannotBe) {
    Metrics& metrics = root.metrics;
    std::uint64_t id = 0;
    EXPECT_EQ(metrics.define(WEIR_METRIC_COUNTER, "a", "", &id), WEIR_OK);
    EXPECT_EQ(metrics.define(WEIR_METRIC_GAUGE, "a", "", &id), WEIR_E_CONFLICT);
    EXPECT_EQ(metrics.define(9, "b", "", &id), WEIR_E_CONFIG);
    EXPECT_EQ(metrics.define(WEIR_METRIC_GAUGE, "1b", "", &id), WEIR_E_CONFIG);
    EXPECT_EQ(metrics.define(WEIR_METRIC_GAUGE, "b c", "", &id), WEIR_E_CONFIG);
    EXPECT_EQ(metrics.define(WEIR_METRIC_GAUGE, nullptr, "", &id), WEIR_E_CONFIG);
    for (std::size_t i = 1; i < Metrics::metrics_max; ++i)
        ASSERT_EQ(metrics.define(WEIR_METRIC_GAUGE, ("m" + std::to_string(i)).c_str(), "", &id),
                  WEIR_OK);
    EXPECT_EQ(metrics.define(WEIR_METRIC_GAUGE, "one_more", "", &id), WEIR_E_NOMEM);
    EXPECT_EQ(metrics.define(WEIR_METRIC_GAUGE, "m1", "", &id), WEIR_OK) << "it is there already";
}

TEST_F(Services, MetricsCountFromManyThreads) {
    std::uint64_t id = 0;
    root.metrics.define(WEIR_METRIC_COUNTER, "a", "", &id);
    auto work = [&] {
        for (int i = 0; i < 1000; ++i) root.metrics.record(id, 1);
    };
    std::thread one{work}, two{work};
    one.join();
    two.join();
    EXPECT_EQ(root.metrics.snapshot().at(0).value, 2000);
}

}  // namespace
}  // namespace weir::host
