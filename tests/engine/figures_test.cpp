// What runs did, as figures; and a letter's record on its way back into columns.
#include <gtest/gtest.h>

#include "host/run/record_batch.hpp"
#include "host/run/record_json.hpp"
#include "host/run/record_text.hpp"
#include "host/run/run_figures.hpp"

namespace weir::host {
namespace {

std::string text_of(RunFigures const& figures, std::vector<RunFigures::Job> const& jobs) {
    PrometheusText out;
    figures.write(out, jobs);
    return out.text;
}
bool has(std::string const& text, std::string const& line) {
    return text.find("\n" + line + "\n") != std::string::npos;
}

TEST(Figures, AreThereAt0ForEveryJobThatIsKnown) {
    RunFigures const figures;
    std::string const text = text_of(figures, {{"a", true}, {"b", false}});
    EXPECT_TRUE(has(text, R"(weir_runs_total{job="a",status="failed",trigger="cron"} 0)")) << text;
    EXPECT_TRUE(has(text, R"(weir_runs_total{job="b",status="failed",trigger="user"} 0)"));
    EXPECT_FALSE(has(text, R"(weir_runs_total{job="b",status="failed",trigger="cron"} 0)"));
    EXPECT_TRUE(has(text, R"(weir_records_read_total{job="b"} 0)"));
}

TEST(Figures, AboveAThousandJobsAreFoldedAndLoseNothing) {
    RunFigures figures;
    std::vector<RunFigures::Job> jobs;
    RunCounts three;
    three.read = 3;
    for (std::size_t i = 0; i <= RunFigures::jobs_max; ++i) {
        jobs.push_back({"job" + std::to_string(i), false});
        figures.ended(jobs.back().id, "succeeded", "user", 0.2);
        figures.moved(jobs.back().id, {}, three);
    }
    figures.forget("job0");
    std::string const text = text_of(figures, jobs);
    EXPECT_EQ(text.find("job="), std::string::npos);
    EXPECT_TRUE(has(text, R"(weir_runs_total{status="succeeded",trigger="user"} 1001)"));
    EXPECT_TRUE(has(text, "weir_records_read_total 3003"));
    EXPECT_TRUE(has(text, "weir_run_duration_seconds_count 1001"));
}

TEST(Figures, OfCountersNeverFallWhenStagedRowsAreTakenBack) {
    RunFigures figures;
    RunCounts five, two;
    five.read = 5, two.read = 2;
    figures.moved("a", {}, five);
    figures.moved("a", five, two);
    EXPECT_TRUE(has(text_of(figures, {}), R"(weir_records_read_total{job="a"} 5)"));
}

TEST(Letters, TextsOfTimesComeBackAsTheyWere) {
    EXPECT_EQ(parse_date("1970-01-02"), 1);
    EXPECT_EQ(parse_date("0001-12-31 BC"), parse_date("0001-01-01").value() - 1);
    EXPECT_EQ(parse_time("24:00:00.000000"), 86'400'000'000);
    EXPECT_EQ(parse_time("-00:00:01.500000"), -1'500'000);
    EXPECT_EQ(parse_timestamp("1970-01-01T00:00:00.000001Z", true), 1);
    for (char const* bad : {"", "2024-02-30", "2024-13-01", "2024-1-1", "2024-01-01x", "infinity"})
        EXPECT_FALSE(parse_date(bad)) << bad;
    EXPECT_FALSE(parse_timestamp("1970-01-01T00:00:00.000001Z", false)) << "an instant";
    EXPECT_FALSE(parse_timestamp("1970-01-01T00:00:00.0000001", false)) << "finer than it can be";
    EXPECT_EQ(parse_decimal("-1.50", 2)->at(0), static_cast<char>(-150));
    EXPECT_FALSE(parse_decimal("1.5", 2));
    EXPECT_FALSE(parse_decimal("", 0));
    EXPECT_FALSE(parse_hex("00"));
    EXPECT_FALSE(parse_uuid("00112233445566778899aabbccddeeff"));
}

TEST(Letters, ARecordFitsWholeOrNotAtAll) {
    OwnedSchema schema;
    export_schema({{"id", Type::int64, false}, {"day", Type::date}, {"doc", Type::json}},
                  schema.fill());
    RecordBatch batch{*schema, false};
    ASSERT_TRUE(batch.add(R"({"id":"9223372036854775807","day":"2024-02-29","doc":"{\"a\": 1}"})"));
    EXPECT_EQ(batch.add(R"({"id":1,"day":"soon"})").error().where, "day");
    EXPECT_EQ(batch.add(R"({"id":1.5})").error().where, "id");
    EXPECT_EQ(batch.add(R"({"id":1,"gone":2})").error().where, "gone");
    EXPECT_EQ(batch.add("[]").error().code, "replay.does_not_fit");
    EXPECT_EQ(batch.rows(), 1);
    RecordBatch narrow{*schema, true};
    EXPECT_TRUE(narrow.add(R"({"id":1,"gone":2})"));
    ArrowArray rows{};
    batch.finish(&rows);
    EXPECT_EQ(record_json(batch.schema(), rows, 0).dump(),
              R"({"id":"9223372036854775807","day":"2024-02-29","doc":"{\"a\": 1}"})");
    rows.release(&rows);
}

}  // namespace
}  // namespace weir::host
