// runner/1 and connectors/1 as plugins ask them, over the bus and a real engine.
#include <gtest/gtest.h>

#include "engine/host.hpp"
#include "host/serve/bus.hpp"
#include "host/serve/runner_service.hpp"
#include "support/temp_dir.hpp"

namespace weir::test {
namespace {

class Runner : public testing::Test {
protected:
    Runner() { must(host::offer_runner(bus, host.engine, reach)); }
    host::MethodAnswer ask(std::string const& method, Json const& in) {
        return bus.invoke("dev.weir.test", "runner/1", method, in, call);
    }
    void expect(host::MethodAnswer const& answer, weir_status status, std::string const& code,
                std::string const& sentence) {
        ASSERT_TRUE(answer.error) << code;
        EXPECT_EQ(answer.error->status, status) << code;
        EXPECT_EQ(answer.error->code, code);
        EXPECT_EQ(answer.error->message, sentence);
    }

    TempDir directory;
    Host host{directory.path().string()};
    host::Events events{*host.store};
    host::Bus bus{events};
    host::FileReach reach;
    host::CallContext call{host.clock};
};

TEST_F(Runner, TakesObjectsAlone) {
    for (Json const& in : {Json::array(), Json("list"), Json()})
        expect(ask("list", in), WEIR_E_CONFIG, "bus.bad_request", "runner/1 takes an object");
    EXPECT_FALSE(ask("list", Json::object()).error);
}

TEST_F(Runner, NamesTheMethodThatWasMeant) {
    host::MethodAnswer const answer = ask("submitt", Json::object());
    expect(answer, WEIR_E_NOT_FOUND, "bus.unknown_method", "runner/1 has no method submitt");
    EXPECT_EQ(answer.error->where, "submitt");
    EXPECT_EQ(answer.error->suggestion, "did you mean submit?");
}

TEST_F(Runner, NamesTheWaysToOverlap) {
    Json const plan = plan_of("job", generator("rows=1"), directory / "out.db", "users");
    Json in{{"job", "job"}, {"plan", plan}, {"overlap", "skipp"}};
    host::MethodAnswer const answer = ask("submit", in);
    expect(answer, WEIR_E_CONFIG, "run.overlap",
           "overlap is skip, buffer_one, join, reject or cancel_other");
    EXPECT_EQ(answer.error->where, "/overlap");
    in["overlap"] = "skip";
    EXPECT_FALSE(ask("submit", in).error);
}

TEST_F(Runner, IsOfferedByOneAlone) {
    auto const provider = [](auto const&, auto const&) {
        return host::MethodAnswer{Json::object()};
    };
    auto const refused = bus.offer("runner/1", "dev.weir.test", provider);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, WEIR_E_CONFLICT);
    EXPECT_EQ(refused.error().code, "plugin.service_conflict");
    EXPECT_NE(refused.error().message.find("runner/1"), std::string::npos);
    EXPECT_NE(refused.error().message.find("host"), std::string::npos) << "who does";
    must(bus.offer("other/1", "dev.weir.test", provider));
}

}  // namespace
}  // namespace weir::test
