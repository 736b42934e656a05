#include "plugins/replication/secrets.hpp"

#include <gtest/gtest.h>

namespace weir::replication {
namespace {

Json const schema = Json::parse(R"({"type":"object","properties":{
    "url":{"type":"string"},"host":{"type":"string"},
    "password":{"type":"string","writeOnly":true},
    "tls":{"type":"object","properties":{"key":{"type":"string","writeOnly":true}}}}})");
using Secrets = std::map<std::string, std::string>;

SplitConfig split(Json const& config, Json const& stored = nullptr) {
    Findings findings;
    SplitConfig out = split_secrets(config, schema, stored, "conn.shop", "/config", findings);
    EXPECT_TRUE(findings.empty()) << findings.json().dump();
    return out;
}

TEST(Secrets, MembersThatAreWrittenOnlyAreTakenOut) {
    SplitConfig const out =
        split({{"host", "db"}, {"password", "s3cret"}, {"tls", {{"key", "k3y"}}}});
    EXPECT_EQ(out.config, Json::parse(R"({"host":"db","password":"${secret:conn.shop.password}",
                                          "tls":{"key":"${secret:conn.shop.tls.key}"}})"));
    EXPECT_EQ(out.secrets,
              (Secrets{{"conn.shop.password", "s3cret"}, {"conn.shop.tls.key", "k3y"}}));
}

TEST(Secrets, PasswordsInUrlsAreTakenOut) {
    struct Case {
        char const *url, *stored;
        Secrets secrets;
    };
    for (auto const& [url, stored, secrets] : std::vector<Case>{
             {"postgres://u:pw@db:5432/shop",
              "postgres://u:${secret:conn.shop.url}@db:5432/shop",
              {{"conn.shop.url", "pw"}}},
             {"postgres://u:p%40w@db/shop?sslmode=require",
              "postgres://u:${secret:conn.shop.url}@db/shop?sslmode=require",
              {{"conn.shop.url", "p%40w"}}},
             {"postgres://u:a@b/c@db/shop",
              "postgres://u:${secret:conn.shop.url}@db/shop",
              {{"conn.shop.url", "a@b/c"}}},
             {"postgres://u:a?b@db/shop",
              "postgres://u:${secret:conn.shop.url}@db/shop",
              {{"conn.shop.url", "a?b"}}},
             {"postgres://u:pw@db/shop?application_name=a@b",
              "postgres://u:${secret:conn.shop.url}@db/shop?application_name=a@b",
              {{"conn.shop.url", "pw"}}},
             {"postgres:///shop?host=/run&password=pw&user=u",
              "postgres:///shop?host=/run&password=${secret:conn.shop.url.password}&user=u",
              {{"conn.shop.url.password", "pw"}}},
             {"postgres://u@db:5432/shop", "postgres://u@db:5432/shop", {}},
             {"postgres://db:5432/shop", "postgres://db:5432/shop", {}},
             {"postgres://u:${env:PW}@db/shop", "postgres://u:${env:PW}@db/shop", {}},
             {"${env:SHOP_URL}", "${env:SHOP_URL}", {}},
             {"sqlite:/a:b@c.db", "sqlite:/a:b@c.db", {}}}) {
        SplitConfig const out = split({{"url", url}});
        EXPECT_EQ(out.config["url"], stored);
        EXPECT_EQ(out.secrets, secrets) << url;
    }
}

TEST(Secrets, ReferencesStayWhereTheyAre) {
    SplitConfig const out = split({{"password", "${env:PGPASSWORD}"}});
    EXPECT_EQ(out.config["password"], "${env:PGPASSWORD}");
    EXPECT_TRUE(out.secrets.empty());
}

TEST(Secrets, AnswersShowNone) {
    EXPECT_EQ(mask_secrets({{"password", "${secret:conn.shop.password}"},
                            {"host", "db"},
                            {"tls", {{"key", "k3y"}}}},
                           schema),
              Json::parse(R"({"password":"***","host":"db","tls":{"key":"***"}})"));
    for (char const* const url :
         {"postgres://u:${secret:conn.shop.url}@db/shop", "postgres://u:pw@db/shop"})
        EXPECT_EQ(mask_secrets({{"url", url}}, schema)["url"], "postgres://u:***@db/shop");
    EXPECT_EQ(mask_secrets({{"url", "postgres://u:${env:PW}@db/shop"}}, schema)["url"],
              "postgres://u:${env:PW}@db/shop");
}

TEST(Secrets, StarsKeepWhatWasThere) {
    Json const by_parts = split({{"host", "db"}, {"password", "s3cret"}}).config;
    EXPECT_EQ(
        split({{"host", "db"}, {"database", "other"}, {"password", "***"}}, by_parts).config,
        Json::parse(
            R"({"host":"db","database":"other","password":"${secret:conn.shop.password}"})"));
    Json const by_url = split({{"url", "postgres://u:pw@db/shop"}}).config;
    EXPECT_EQ(split({{"url", "postgres://v:***@db/other"}}, by_url).config["url"],
              "postgres://v:${secret:conn.shop.url}@db/other");
}

TEST(Secrets, StayWithTheAddressTheyWereGivenFor) {
    Json const by_parts = split({{"host", "db"}, {"password", "s3cret"}}).config;
    Json const by_url = split({{"url", "postgres://u:pw@db/shop"}}).config;
    for (auto const& [config, stored] : std::vector<std::pair<Json, Json>>{
             {{{"host", "other"}, {"password", "***"}}, by_parts},
             {{{"host", "db"}, {"port", 1}, {"password", "***"}}, by_parts},
             {{{"host", "other"}}, by_parts},
             {{{"host", "other"}, {"password", "${secret:conn.shop.password}"}}, by_parts},
             {{{"url", "postgres://u:${secret:conn.shop.url}@other/shop"}}, by_url},
             {{{"url", "postgres://u:***@other/shop"}}, by_url},
             {{{"url", "postgres://u:***@db:1/shop"}}, by_url},
             {{{"url", "postgres://u:***@db/shop?host=other"}}, by_url}}) {
        Findings findings;
        split_secrets(config, schema, stored, "conn.shop", "/config", findings);
        ASSERT_EQ(findings.findings().size(), 1u) << config;
        EXPECT_EQ(findings.findings()[0].code, "replication.secret_needed") << config;
    }
}

TEST(Secrets, WhatAnAnswerShowedMayBeSentBack) {
    for (Json const& config :
         {Json{{"url", "postgres://u:pw@db/shop"}}, Json{{"host", "db"}, {"password", "s3cret"}}}) {
        Json const stored = split(config).config;
        SplitConfig const again = split(mask_secrets(stored, schema), stored);
        EXPECT_EQ(again.config, stored);
        EXPECT_TRUE(again.secrets.empty());
    }
}

TEST(Secrets, LeftOutTheyStay) {
    Json const stored = split({{"host", "db"}, {"password", "s3cret"}}).config;
    EXPECT_EQ(split({{"host", "db"}, {"user", "u"}}, stored).config["password"],
              "${secret:conn.shop.password}");
    EXPECT_FALSE(
        split({{"host", "other"}, {"password", nullptr}}, stored).config.contains("password"));
    EXPECT_FALSE(split({{"url", "postgres://u:pw@db/shop"}}, stored).config.contains("password"));
}

TEST(Secrets, StarsWithNothingBehindThemAreAFinding) {
    for (Json const& config :
         {Json{{"password", "***"}}, Json{{"url", "postgres://u:***@db/shop"}}}) {
        Findings findings;
        split_secrets(config, schema, nullptr, "conn.shop", "/config", findings);
        ASSERT_EQ(findings.findings().size(), 1u);
        EXPECT_EQ(findings.findings().front().code, "replication.secret_missing");
    }
}

TEST(Secrets, AMarkTellsOnlyWhetherItIsTheSame) {
    std::string const mark = secret_mark("s3cret");
    EXPECT_TRUE(has_mark("s3cret", mark));
    EXPECT_FALSE(has_mark("other", mark));
    EXPECT_FALSE(has_mark("s3cret", ""));
    EXPECT_NE(secret_mark("s3cret"), mark);
    EXPECT_EQ(mark.find("s3cret"), std::string::npos);
}

}  // namespace
}  // namespace weir::replication
