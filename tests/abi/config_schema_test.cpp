#include "host/abi/config_schema.hpp"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

using Json = nlohmann::json;

Json const schema = Json::parse(R"({
    "type":"object","required":["url"],"additionalProperties":false,
    "properties":{
        "url":{"type":"string","minLength":1,"maxLength":20,"pattern":"^[a-z]+:"},
        "password":{"type":["string","null"],"writeOnly":true,"minLength":8,"pattern":"[0-9]"},
        "rows":{"type":"integer","minimum":1,"maximum":1000,"default":10},
        "ratio":{"type":"number","default":0.5},
        "tls":{"type":"string","enum":["disable","require","verify-full"]},
        "kind":{"type":"string","const":"file"},
        "tables":{"type":"array","items":{"type":"string"}},
        "pool":{"type":"object","properties":{"size":{"type":"integer","default":4}},
                "additionalProperties":false}
    }})");

Error error_of(char const* config) {
    Result<Json> const checked = check_config(schema, Json::parse(config));
    return checked ? Error{WEIR_OK, "", "accepted"} : checked.error();
}
std::string message_of(char const* config) { return error_of(config).message; }

TEST(ConfigSchema, FillsInDefaultsWhereSomethingIsMissing) {
    Json const filled = *check_config(schema, {{"url", "a:b"}, {"pool", Json::object()}});
    EXPECT_EQ(filled, Json::parse(R"({"url":"a:b","rows":10,"ratio":0.5,"pool":{"size":4}})"));
    EXPECT_EQ((*check_config(schema, {{"url", "a:"}, {"rows", 3}}))["rows"], 3);
}

TEST(ConfigSchema, SaysWhatIsMissing) {
    EXPECT_EQ(message_of("{}"), "url is missing");
    EXPECT_EQ(error_of("{}").where, "/url");
    EXPECT_EQ(error_of("{}").code, "config.required");
}

TEST(ConfigSchema, SuggestsTheNearestNameOfAnUnknownProperty) {
    Error const error = error_of(R"({"url":"a:","rosw":3})");
    EXPECT_EQ(error.code, "config.unknown");
    EXPECT_EQ(error.where, "/rosw");
    EXPECT_EQ(error.suggestion, "rows");
    EXPECT_EQ(error_of(R"({"url":"a:","pool":{"sizes":3}})").where, "/pool/sizes");
    EXPECT_EQ(error_of(R"({"url":"a:","a/b~c":3})").where, "/a~1b~0c");
}

TEST(ConfigSchema, ChecksTypes) {
    EXPECT_EQ(message_of("[]"), "the configuration must be an object, not []");
    EXPECT_EQ(message_of(R"({"url":7})"), "url must be text, not 7");
    EXPECT_EQ(message_of(R"({"url":"a:","rows":1.5})"), "rows must be a whole number, not 1.5");
    EXPECT_EQ(message_of(R"({"url":"a:","rows":"7"})"), "rows must be a whole number, not \"7\"");
    EXPECT_EQ(message_of(R"({"url":"a:","ratio":true})"), "ratio must be a number, not true");
    EXPECT_EQ(message_of(R"({"url":"a:","tables":"x"})"), "tables must be a list, not \"x\"");
    EXPECT_EQ(message_of(R"({"url":"a:","password":null,"ratio":1})"), "accepted");
    Error const deep = error_of(R"({"url":"a:","tables":["x",null]})");
    EXPECT_EQ(deep.where, "/tables/1");
    EXPECT_EQ(deep.message, "tables/1 must be text, not null");
}

TEST(ConfigSchema, ChecksBounds) {
    EXPECT_EQ(message_of(R"({"url":"a:","rows":0})"), "rows must be at least 1, not 0");
    EXPECT_EQ(message_of(R"({"url":"a:","rows":1001})"), "rows must be at most 1000, not 1001");
    EXPECT_EQ(message_of(R"({"url":"a:","rows":-9223372036854775808})"),
              "rows must be at least 1, not -9223372036854775808");
    EXPECT_EQ(message_of(R"({"url":""})"), "url must not be empty");
    EXPECT_EQ(message_of(R"({"url":"a:ääääääääääääääääää"})"), "accepted") << "20 characters";
    EXPECT_EQ(message_of(R"({"url":"a:äääääääääääääääääää"})"),
              "url must have at most 20 characters");
}

TEST(ConfigSchema, ChecksChoicesAndPatterns) {
    Error const tls = error_of(R"({"url":"a:","tls":"requre"})");
    EXPECT_EQ(tls.message,
              "tls must be one of \"disable\", \"require\", \"verify-full\", not \"requre\"");
    EXPECT_EQ(tls.suggestion, "require");
    EXPECT_EQ(message_of(R"({"url":"a:","kind":"x"})"), "kind must be \"file\", not \"x\"");
    EXPECT_EQ(message_of(R"({"url":"1:"})"), "url must match ^[a-z]+:, not \"1:\"");
}

TEST(ConfigSchema, GivesACodeForEachRule) {
    for (auto const& [code, config] :
         {std::pair{"config.required", "{}"}, {"config.type", R"({"url":7})"},
          {"config.minimum", R"({"url":"a:","rows":0})"},
          {"config.maximum", R"({"url":"a:","rows":1001})"},
          {"config.minLength", R"({"url":""})"},
          {"config.maxLength", R"({"url":"a:äääääääääääääääääää"})"},
          {"config.pattern", R"({"url":"1:"})"}, {"config.enum", R"({"url":"a:","tls":"x"})"},
          {"config.const", R"({"url":"a:","kind":"x"})"},
          {"config.unknown", R"({"url":"a:","x":1})"}})
        EXPECT_EQ(error_of(config).code, code) << config;
    Json broken = schema;
    broken["properties"]["url"]["pattern"] = "[";
    EXPECT_EQ(check_config(broken, {{"url", "a:"}}).error().code, "plugin.config_schema");
}

TEST(ConfigSchema, NeverQuotesASecret) {
    EXPECT_EQ(message_of(R"({"url":"a:","password":12345678})"),
              "password must be text or null, not the value given");
    EXPECT_EQ(message_of(R"({"url":"a:","password":"abcdefghi"})"),
              "password must match [0-9], not the value given");
    EXPECT_EQ(message_of(R"({"url":"a:","password":"abc"})"),
              "password must have at least 8 characters");
}

TEST(ConfigSchema, SurvivesTextThatIsLongOrNoUtf8) {
    Json config{{"url", std::string(1 << 20, 'a')}};
    EXPECT_EQ(check_config(schema, config).error().code, "config.maxLength");
    Json open = schema;
    open["properties"]["url"].erase("maxLength");
    EXPECT_EQ(check_config(open, config).error().code, "config.pattern");
    EXPECT_LT(check_config(open, config).error().message.size(), 200u);
    config["url"] = "\xff\xfe";
    EXPECT_EQ(check_config(schema, config).error().code, "config.pattern");
}

std::string profile(char const* text) {
    std::string all;
    for (std::string const& finding : check_schema_profile(Json::parse(text)))
        all += finding + "; ";
    return all;
}

TEST(SchemaProfile, TakesWhatTheHostCanCheck) {
    EXPECT_EQ(check_schema_profile(schema), std::vector<std::string>{});
    EXPECT_EQ(profile(R"({"type":"object","$schema":"http://json-schema.org/draft-07/schema#",
        "title":"T","properties":{"a":{"type":"string","x-order":1,"format":"path",
        "examples":["b"],"description":"A"}}})"),
              "");
}

TEST(SchemaProfile, RefusesWhatItCannot) {
    EXPECT_EQ(profile("[]"), "/ is no object; ");
    EXPECT_EQ(profile("{}"), "/ has no type; /type must be \"object\" at the root; ");
    EXPECT_EQ(profile(R"({"type":"object","oneOf":[]})"),
              "/oneOf is a keyword outside the profile; ");
    EXPECT_EQ(profile(R"({"type":"object","additionalProperties":true})"),
              "/additionalProperties may only be false; ");
    EXPECT_EQ(profile(R"({"type":"object","required":["a"]})"),
              "/required names \"a\", which is no property; ");
    EXPECT_EQ(profile(R"({"type":"object","properties":{"a":{"type":["string","integer"]}}})"),
              "/properties/a/type is neither one type nor [type, \"null\"]; ");
    EXPECT_EQ(profile(R"({"type":"object","properties":{"a":{"type":"string","pattern":"("}}})"),
              "/properties/a/pattern is no regular expression; ");
    EXPECT_EQ(profile(R"({"type":"object","properties":{"a":{"type":"integer","default":"x"}}})"),
              "/properties/a/default does not fit its own schema; ");
    EXPECT_EQ(profile(R"({"type":"object","properties":{"a":{"type":"array","items":{}}}})"),
              "/properties/a/items has no type; ");
}

}  // namespace
}  // namespace weir::host
