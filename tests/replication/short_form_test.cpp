#include "plugins/replication/short_form.hpp"

#include <gtest/gtest.h>

#include "plugins/replication/job.hpp"
#include "replication/bodies.hpp"

namespace weir::replication {
namespace {

ShortForm read_tables(Json const& document) {
    Findings findings;
    ShortForm const form = read_table_form(document, findings);
    EXPECT_TRUE(findings.empty()) << findings.json().dump();
    return form;
}

ShortForm read_configure(Json const& document) {
    Findings findings;
    ShortForm const form = read_configure_form(document, findings);
    EXPECT_TRUE(findings.empty()) << findings.json().dump();
    return form;
}

std::vector<std::string> wrong_with(Json const& document, bool configure = false) {
    Findings findings;
    configure ? read_configure_form(document, findings) : read_table_form(document, findings);
    std::vector<std::string> out;
    for (Finding const& finding : findings.findings())
        out.push_back(finding.pointer + " " + finding.code);
    return out;
}

/// What the short form says must be a whole native document.
void is_native(Json const& job) {
    Findings findings;
    Json const read = read_job(job, findings);
    EXPECT_TRUE(findings.empty()) << findings.json().dump();
    EXPECT_EQ(read, job);
}

TEST(TableForm, ItsBodyIsAConnectionAndAJob) {
    ASSERT_TRUE(is_short_form(bodies::table_form()));
    ShortForm const form = read_tables(bodies::table_form());
    EXPECT_EQ(form.connection,
              Json::parse(R"({"id":"users_sync","connector":"postgres","config":{"host":"…",
                "port":5432,"user":"postgres","password":"…","database":"postgres"}})"));
    EXPECT_EQ(form.job, Json::parse(R"({"id":"users_sync","source":{"connection":"users_sync",
                "stream":"users","cursor":"updated_at","cursor_type":"timestamp","key":["id"]},
                "destination":{"connection":"local","table":"users"},
                "schedule":"*/1 * * * *"})"));
    is_native(form.job);
}

TEST(TableForm, OptionalFieldsAreTaken) {
    Json body = bodies::table_form();
    body.erase("cron_tab");
    body["table_name"] = "shop.users";
    body["target_table"] = "people";
    body["columns"] = {"id", "name", "updated_at"};
    body["batch_size"] = 500;
    body["is_active"] = false;
    Json const job = read_tables(body).job;
    EXPECT_EQ(job["destination"]["table"], "people");
    EXPECT_EQ(job["source"]["fields"], body["columns"]);
    EXPECT_EQ(job["source"]["batchSize"], 500);
    EXPECT_EQ(job["paused"], true);
    EXPECT_FALSE(job.contains("schedule"));
    is_native(job);
}

TEST(TableForm, ColumnsHoldKeyAndTrackingColumn) {
    Json body = bodies::table_form();
    body["columns"] = {"id"};
    EXPECT_EQ(wrong_with(body), (std::vector<std::string>{"/columns replication.field_left_out"}));
}

TEST(TableForm, WrongBodiesAreFindingsInItsOwnSpelling) {
    Json body = bodies::table_form();
    body.erase("table_name");
    body["name"] = "a b";
    body["tracking_type"] = "number";
    body["source"]["port"] = 70000;
    body["source"]["pasword"] = "x";
    EXPECT_EQ(wrong_with(body),
              (std::vector<std::string>{
                  "/name replication.bad_id", "/table_name replication.missing_field",
                  "/tracking_type replication.bad_value", "/source/port replication.bad_value",
                  "/source/pasword replication.unknown_field"}));
    EXPECT_EQ(wrong_with({{"table_name", "users"}}),
              (std::vector<std::string>{"/name replication.missing_field",
                                        "/source replication.missing_field"}));
}

TEST(ConfigureForm, ItsBodyIsAConnectionAndAJob) {
    ShortForm const form = read_configure(bodies::configure_form());
    EXPECT_EQ(form.connection,
              Json::parse(R"({"id":"supabase-users","connector":"postgres","config":{
                "host":"your-project.supabase.co","port":5432,"user":"postgres",
                "password":"your-password","database":"postgres","schema":"public"}})"));
    EXPECT_EQ(form.job,
              Json::parse(R"({"id":"supabase-users","source":{"connection":"supabase-users",
                "stream":"users","cursor":"updated_at"},
                "destination":{"connection":"local","table":"users"},"schedule":"30m",
                "paused":false})"));
    is_native(form.job);
}

TEST(ConfigureForm, DefaultsAreAnHourAndTheId) {
    Json body = bodies::product_catalog();
    body.erase("syncIntervalMinutes");
    body.erase("trackingColumn");
    Json const job = read_configure(body).job;
    EXPECT_EQ(job["schedule"], "60m");
    EXPECT_EQ(job["source"]["cursor"], "id");
    EXPECT_FALSE(job.contains("paused"));
}

TEST(ConfigureForm, AConnectionStringStandsAlone) {
    Json body = bodies::configure_form();
    body["sourceConfig"] = {{"dialect", "postgresql"},
                            {"connectionString", "postgresql://user:pass@host:5432/db"}};
    EXPECT_EQ(read_configure(body).connection["config"],
              (Json{{"url", "postgresql://user:pass@host:5432/db"}}));
    body["sourceConfig"]["host"] = "localhost";
    EXPECT_EQ(wrong_with(body, true),
              (std::vector<std::string>{"/sourceConfig/host replication.said_twice"}));
}

TEST(ConfigureForm, OtherDialects) {
    Json body = bodies::configure_form();
    body["sourceConfig"] = {{"dialect", "mysql"}, {"host", "localhost"},    {"port", 3306},
                            {"user", "username"}, {"password", "password"}, {"database", "dbname"}};
    EXPECT_EQ(read_configure(body).connection["connector"], "mysql");
    body["sourceConfig"]["defaultSchema"] = "public";
    EXPECT_EQ(wrong_with(body, true),
              (std::vector<std::string>{"/sourceConfig/defaultSchema replication.bad_value"}));
    body["sourceConfig"] = {{"dialect", "sqlite"}, {"database", "/tmp/a.db"}};
    EXPECT_EQ(read_configure(body).connection["config"], (Json{{"path", "/tmp/a.db"}}));
}

TEST(ConfigureForm, IntervalsAreWholeMinutesUpToAYear) {
    for (Json const& odd : {Json(0), Json(-1), Json(1e9), Json("NaN"), Json(1.5)}) {
        Json body = bodies::configure_form();
        body["syncIntervalMinutes"] = odd;
        EXPECT_EQ(wrong_with(body, true).size(), 1u) << odd;
    }
}

TEST(ConfigureForm, AJobIsSpelledBackWithoutItsPassword) {
    ShortForm const form = read_configure(bodies::configure_form());
    Json connection = form.connection;
    connection["config"]["password"] = "***";
    Json expected = bodies::configure_form();
    expected["sourceConfig"]["password"] = "***";
    EXPECT_EQ(configure_form(form.job, connection), expected);
}

TEST(ShortForm, ANativeDocumentIsNone) {
    EXPECT_FALSE(is_short_form(bodies::native_job()));
    EXPECT_FALSE(is_short_form(Json::array()));
}

}  // namespace
}  // namespace weir::replication
