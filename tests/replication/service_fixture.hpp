#pragma once

#include <gtest/gtest.h>

#include "plugins/replication/service.hpp"
#include "replication/bodies.hpp"
#include "replication/fake_host.hpp"

namespace weir::replication {

inline Json connector_list() {
    return Json::parse(R"({"items":[
      {"type":"postgres","roles":["source"],"schemes":["postgres","postgresql"],
       "config_schema":{"type":"object","additionalProperties":false,"properties":{
         "url":{"type":"string"},"host":{"type":"string"},
         "port":{"type":"integer","minimum":1,"maximum":65535},"user":{"type":"string"},
         "password":{"type":"string","writeOnly":true},"database":{"type":"string"},
         "schema":{"type":"string"},"sslmode":{"type":"string"}}}},
      {"type":"sqlite","roles":["source","sink"],"schemes":["sqlite"],
       "config_schema":{"type":"object","additionalProperties":false,"properties":{
         "url":{"type":"string"},"path":{"type":"string"}}}}]})");
}

/// cron and the runner, as far as a job needs them.
class ReplicationService : public testing::Test {
protected:
    ReplicationService() {
        host_.methods["connectors/1 list"] = [](Json const&) { return connector_list(); };
        host_.methods["cron/1 explain"] = [](Json const& in) {
            Problems problems;
            if (in["schedule"] == "never") problems.add({"/schedule", "cron.bad", "not a time"});
            if (in.value("timezone", "") == "Mars")
                problems.add({"/timezone", "cron.zone", "no such zone"});
            problems.check();
            return Json{{"next", Json::array({"2027-01-01T00:00:00.000Z"})}};
        };
        host_.methods["cron/1 add_event"] = [this](Json const& in) {
            events_[in["name"]] = in;
            return Json{{"changed", true}};
        };
        host_.methods["cron/1 remove_event"] = [this](Json const& in) {
            return Json{{"removed", events_.erase(in["name"].get<std::string>()) == 1}};
        };
        host_.methods["cron/1 list"] = [this](Json const&) {
            Json items = Json::array();
            for (auto const& [name, event] : events_)
                items.push_back({{"name", name}, {"next", "2027-01-01T00:00:00.000Z"}});
            return Json{{"items", items}, {"next", nullptr}};
        };
        host_.methods["runner/1 list"] = [this](Json const&) {
            return Json{{"items", runs_}, {"next", nullptr}};
        };
        host_.methods["runner/1 submit"] = [](Json const&) {
            return Json{{"run_id", "run-1"}, {"status", "queued"}, {"existing", false}};
        };
        host_.methods["runner/1 position"] = [this](Json const&) {
            return Json{{"streams", Json::array({{{"stream", "users"}, {"cursor", cursor_}}})}};
        };
        for (char const* const method : {"runner/1 reset", "runner/1 forget"})
            host_.methods[method] = [](Json const&) { return Json::object(); };
    }

    Exchange ask(std::string const& route, Json const& body = nullptr,
                 std::map<std::string, std::string> params = {}, std::string query = {}) {
        Exchange exchange;
        exchange.body = body.is_null() ? "" : body.dump();
        exchange.params = std::move(params);
        exchange.query = std::move(query);
        exchange.ask(service_, host_.call(), route);
        return exchange;
    }
    /// The pointers of all findings.
    static std::vector<std::string> pointers(Exchange const& exchange) {
        std::vector<std::string> out;
        for (Json const& error : exchange.json().value("errors", Json::array()))
            out.push_back(error["pointer"]);
        return out;
    }
    Exchange add_shop() {
        return ask("create_connection",
                   {{"id", "shop"},
                    {"connector", "postgres"},
                    {"config", {{"url", "postgres://u:s3cret-Pa55@db/shop"}}}});
    }
    void tell(std::string const& topic, Json const& data, std::string const& id = "1") {
        service_.on_event(Call{host_.call()}, {topic, id, data});
    }
    void TearDown() override {
        for (auto const& [collection, all] : host_.documents)
            for (auto const& [key, slot] : all)
                EXPECT_EQ(slot.first.dump().find("s3cret"), std::string::npos) << slot.first;
        for (std::string const& line : host_.said)
            EXPECT_EQ(line.find("s3cret"), std::string::npos) << line;
    }

    FakeHost host_;
    std::map<std::string, Json> events_;
    Json runs_ = Json::array(), cursor_;
    Replication service_{host_.host(), Config{R"({"local_url":"sqlite:/data/local.db"})"}};
};

}  // namespace weir::replication
