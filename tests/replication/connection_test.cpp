#include "plugins/replication/connection.hpp"

#include <gtest/gtest.h>

#include "plugins/replication/config_check.hpp"

namespace weir::replication {
namespace {

std::vector<std::string> told(Findings const& findings) {
    std::vector<std::string> out;
    for (Finding const& finding : findings.findings())
        out.push_back(finding.pointer + " " + finding.code);
    return out;
}

TEST(Connection, SpellingsOfTheConnectorMeanTheSame) {
    for (char const* const name : {"connector", "connectorId", "type"}) {
        Findings findings;
        Json const read = read_connection(
            {{"id", "shop"}, {name, "postgres"}, {"config", {{"host", "db"}}}}, findings);
        EXPECT_TRUE(findings.empty()) << findings.json().dump();
        EXPECT_EQ(read,
                  Json::parse(R"({"id":"shop","connector":"postgres","config":{"host":"db"}})"));
    }
}

TEST(Connection, AnIntegrationStandsForTheConnector) {
    Findings findings;
    Json const read = read_connection({{"id", "eu"}, {"integrationId", "crm"}}, findings);
    EXPECT_TRUE(findings.empty()) << findings.json().dump();
    EXPECT_EQ(read["integration"], "crm");
}

TEST(Connection, WrongDocumentsAreFindings) {
    Findings findings;
    read_connection({{"id", "a b"}, {"connektor", "x"}, {"config", 1}}, findings);
    EXPECT_EQ(told(findings),
              (std::vector<std::string>{"/id replication.bad_id", "/config replication.wrong_type",
                                        "/connector replication.missing_field",
                                        "/connektor replication.unknown_field"}));
    EXPECT_EQ(findings.findings().back().suggestion, "connector");
    Findings none;
    read_integration(Json::array(), none);
    EXPECT_FALSE(none.empty());
}

TEST(Connection, ItsConfigurationLiesOverTheIntegrations) {
    EXPECT_EQ(merged_config({{"host", "a"}, {"port", 1}}, {{"port", 2}}),
              (Json{{"host", "a"}, {"port", 2}}));
}

TEST(ConfigCheck, EverythingThatDoesNotFitIsTold) {
    Json const schema = Json::parse(R"({"type":"object","required":["host"],"properties":{
        "host":{"type":"string"},"port":{"type":"integer","minimum":1,"maximum":65535},
        "password":{"type":"string","writeOnly":true},
        "sslmode":{"type":"string","enum":["require","disable"]}},
        "additionalProperties":false})");
    auto const check = [&](Json const& config) {
        Findings findings;
        check_config(config, schema, "/config", findings);
        return findings;
    };
    EXPECT_TRUE(check({{"host", "db"}, {"port", 5432}, {"sslmode", "require"}}).empty());
    EXPECT_TRUE(check({{"host", "db"}, {"port", "${env:PORT}"}}).empty());
    EXPECT_EQ(
        told(check({{"hst", "db"}, {"port", 0}, {"sslmode", "requir"}, {"password", 7}})),
        (std::vector<std::string>{
            "/config/hst replication.unknown_field", "/config/password replication.wrong_type",
            "/config/port replication.bad_value", "/config/sslmode replication.bad_value",
            "/config/host replication.missing_field"}));
    EXPECT_EQ(check({{"host", "db"}, {"prt", 1}}).findings().front().suggestion, "port");
    EXPECT_EQ(check({{"host", "db"}, {"password", 31337}}).json().dump().find("31337"),
              std::string::npos);
}

}  // namespace
}  // namespace weir::replication
