// The host's services as a plugin in C meets them: granted by name, checked, and never throwing.
#include <cstring>

#include "abi/service_fixture.hpp"
#include "host/abi/asked.hpp"
#include "host/abi/boundary.hpp"

namespace weir::host {
namespace {

struct Offered : testing::Test {
    template <class Table>
    Table const* service(char const* id) const {
        return static_cast<Table const*>(host()->service(host(), id));
    }
    weir_host const* host() const { return table.abi(); }
    std::string said() const { return std::string{error.code} + ": " + error.message; }

    Root root;
    MemoryStore store;
    MemorySecrets secrets;
    OneAim timer;
    SmallBus bus;
    Declared declared = *read_declared(
        {{"requires", {"weir.store/1", "weir.secrets/1", "weir.timer/1", "weir.bus/1"}},
         {"provides", {"mine/1"}},
         {"timer", true}});
    HostServices services{
        root.clock, root.log, root.metrics, root.watchdog, {&store, &secrets, &timer, &bus}};
    HostTable const table{services, Identity{"mine", "dev.weir.mine", &declared}};
    CallContext call{root.clock};
    weir_error error = [] {
        weir_error empty{};
        empty.struct_size = sizeof empty;
        return empty;
    }();
    weir_store const* docs = service<weir_store>("weir.store/1");
    weir_bus const* line = service<weir_bus>("weir.bus/1");
    std::uint64_t revision = 0;
};

TEST_F(Offered, AreThereForWhoRequiresThem) {
    EXPECT_TRUE(docs && line && service<weir_timer>("weir.timer/1"));
    EXPECT_TRUE(service<weir_secrets>("weir.secrets/1"));
    EXPECT_FALSE(host()->service(host(), "weir.net/1"));
    Declared const nothing;
    HostTable const other{services, Identity{"other", "dev.weir.other", &nothing}};
    EXPECT_FALSE(other.abi()->service(other.abi(), "weir.store/1"));
    EXPECT_TRUE(other.abi()->service(other.abi(), "weir.log/1"));
    HostServices const serverless{root.clock, root.log, root.metrics, root.watchdog};
    HostTable const alone{serverless, Identity{"alone", "dev.weir.alone", &declared}};
    EXPECT_FALSE(alone.abi()->service(alone.abi(), "weir.store/1"));
}

TEST_F(Offered, StoreIsOnePerPlugin) {
    ASSERT_EQ(docs->put(host(), call.abi(), "c", "k", "{}", 0, &revision, &error), WEIR_OK);
    EXPECT_EQ(revision, 1u);
    EXPECT_EQ(store.documents.begin()->first, "dev.weir.mine|c|k");
    EXPECT_EQ(docs->put(host(), nullptr, "c", "k", "[]", 0, &revision, &error), WEIR_E_CONFLICT);
    EXPECT_EQ(said(), "store.conflict: k has another revision");
    EXPECT_EQ(docs->put(host(), nullptr, "c", "k", "[]", WEIR_REVISION_ANY, nullptr, nullptr),
              WEIR_OK)
        << "neither the revision nor the error is asked for";
    EXPECT_EQ(docs->del(host(), nullptr, "c", "x", WEIR_REVISION_ANY, &error), WEIR_E_NOT_FOUND);
    CollectedText text{100};
    EXPECT_EQ(docs->get(host(), nullptr, "c", "k", text.abi(), &revision, &error), WEIR_OK);
    EXPECT_EQ(text.text(), "[]");
    EXPECT_EQ(docs->get(host(), nullptr, "c", "x", text.abi(), &revision, &error),
              WEIR_E_NOT_FOUND);
}

TEST_F(Offered, StoreRefusesWhatCannotBeKept) {
    std::string const long_name(256, 'n');
    std::string const large = "\"" + std::string(asked::json_bytes_max, 'x') + "\"";
    struct {
        char const *collection, *key, *json;
        weir_status status;
        char const* said;
    } const cases[] = {
        {nullptr, "k", "{}", WEIR_E_CONFIG, "service.name: collection is empty"},
        {"", "k", "{}", WEIR_E_CONFIG, "service.name: collection is empty"},
        {"c", "", "{}", WEIR_E_CONFIG, "service.name: key is empty"},
        {"c", long_name.c_str(), "{}", WEIR_E_CONFIG, "service.name: key has more than 255 bytes"},
        {"c", "a\nb", "{}", WEIR_E_CONFIG,
         "service.name: key has a control character, or is no UTF-8"},
        {"c", "\xff", "{}", WEIR_E_CONFIG,
         "service.name: key has a control character, or is no UTF-8"},
        {"c", "k", "{", WEIR_E_DATA, "service.not_json: value is no JSON"},
        {"c", "k", nullptr, WEIR_E_CONFIG, "service.missing: value is null"},
        {"c", "k", large.c_str(), WEIR_E_CONFIG,
         "service.too_large: value has 1048578 bytes; at most 1048576 are possible"},
    };
    for (auto const& one : cases) {
        EXPECT_EQ(
            docs->put(host(), nullptr, one.collection, one.key, one.json, 0, &revision, &error),
            one.status);
        EXPECT_EQ(said(), one.said);
    }
    EXPECT_TRUE(store.documents.empty());
}

TEST_F(Offered, AnAnswerThatThePluginDoesNotTakeIsAnError) {
    docs->put(host(), nullptr, "c", "k", "[1]", 0, &revision, &error);
    weir_out const full{sizeof full, 0, nullptr,
                        [](void*, void const*, std::size_t) -> weir_status {
                            return WEIR_E_NOMEM;
                        }};
    EXPECT_EQ(docs->get(host(), nullptr, "c", "k", &full, &revision, &error), WEIR_E_NOMEM);
    EXPECT_EQ(said(), "service.not_taken: the answer of 3 bytes was not taken by the plugin");
}

TEST_F(Offered, ListEndsWhereThePluginSaysSo) {
    for (char const* key : {"a", "b", "c"})
        docs->put(host(), nullptr, "c", key, "{}", 0, &revision, &error);
    struct Seen {
        std::string keys;
        std::size_t limit;
    } seen{"", 2};
    weir_docs const into{sizeof into, 0, &seen,
                         [](void* ctx, char const* key, std::uint64_t, char const*) -> weir_status {
                             auto& all = *static_cast<Seen*>(ctx);
                             all.keys += key;
                             return all.keys.size() < all.limit ? WEIR_OK : WEIR_E_CANCELLED;
                         }};
    EXPECT_EQ(docs->list(host(), nullptr, "c", "", nullptr, 10, &into, &error), WEIR_OK);
    EXPECT_EQ(seen.keys, "ab");
    seen = {"", 99};
    EXPECT_EQ(docs->list(host(), nullptr, "c", nullptr, "a", 1, &into, &error), WEIR_OK);
    EXPECT_EQ(seen.keys, "b");
    EXPECT_EQ(docs->list(host(), nullptr, "c", "", "", 10'001, &into, &error), WEIR_E_CONFIG);
    EXPECT_EQ(said(), "store.limit: a list has from 1 to 10000 documents, not 10001");
    EXPECT_EQ(docs->list(host(), nullptr, "c", "", "", 1, nullptr, &error), WEIR_E_CONFIG);
}

TEST_F(Offered, ChangesAreReadWholeBeforeOneIsMade) {
    auto apply = [&](char const* json) { return docs->apply(host(), nullptr, json, &error); };
    EXPECT_EQ(apply(R"({"put":[{"collection":"c","key":"k","value":{"a":1}}],
                        "publish":[{"topic":"mine/1:t","data":7,"dedupe_key":"d"}]})"),
              WEIR_OK);
    EXPECT_EQ(store.documents.at("dev.weir.mine|c|k").json, R"({"a":1})");
    EXPECT_EQ(store.events, std::vector<std::string>{"mine/1:t d 7"});
    EXPECT_EQ(apply(R"({"drop":[{"topic":"mine/1:t"}]})"), WEIR_OK);
    EXPECT_TRUE(store.events.empty());
    struct {
        char const *json, *said;
    } const cases[] = {
        {R"({"puts":[]})",
         "store.changes: puts is no kind of change; put, del, drop and publish are"},
        {R"({"put":{}})", "store.changes: put is no list"},
        {R"({"put":[1]})", "store.changes: put holds a change that is no object"},
        {R"({"put":[{"collection":"c","key":"n","value":1},{"collection":"c","value":1}]})",
         "store.changes: a change has no key, which must be text"},
        {R"({"put":[{"collection":"c","key":"k"}]})", "store.changes: a change has no value"},
        {R"({"del":[{"collection":"c","key":"a\u0000b"}]})",
         "service.name: key has a control character"},
        {R"({"publish":[{"topic":"yours/1:t","data":1}]})",
         "bus.topic: the topic yours/1:t belongs to who provides yours/1, and dev.weir.mine does "
         "not"},
        {R"({"drop":["mine/1:t"]})", "store.changes: drop holds a change that is no object"},
        {R"({"drop":[{"topic":"mine/1:t"},{"topic":"yours/1:t"}]})",
         "bus.topic: the topic yours/1:t belongs to who provides yours/1, and dev.weir.mine does "
         "not"},
        {R"({"drop":[{"topic":"free"}]})",
         "bus.topic: the topic free is of no service, and whoever publishes on it may: only topics "
         "like noun/1:… are dropped"},
        {"[]", "service.not_json: changes_json is no JSON object"},
    };
    for (auto const& one : cases) {
        EXPECT_LT(apply(one.json), 0);
        EXPECT_EQ(said(), one.said);
    }
    EXPECT_LT(apply(nullptr), 0);
    EXPECT_EQ(store.documents.size(), 1u);
}

TEST_F(Offered, WhatTheHostThrowsIsAnError) {
    store.is_broken = true;
    EXPECT_EQ(docs->apply(host(), nullptr, "{}", &error), WEIR_E_INTERNAL);
    EXPECT_EQ(said(), "host.internal: the store fell over");
}

TEST_F(Offered, SecretsHaveNamesThatAConfigurationCanHold) {
    auto const* vault = service<weir_secrets>("weir.secrets/1");
    EXPECT_EQ(vault->put(host(), nullptr, "shop/password", "s3", 2, &error), WEIR_OK);
    EXPECT_EQ(secrets.secrets.at("dev.weir.mine|shop/password"), "s3");
    EXPECT_EQ(vault->put(host(), nullptr, "a}b", "s3", 2, &error), WEIR_E_CONFIG);
    EXPECT_EQ(vault->put(host(), nullptr, "a", "", 0, &error), WEIR_E_CONFIG);
    EXPECT_EQ(vault->put(host(), nullptr, "a", "s3", 1 << 20, &error), WEIR_E_CONFIG);
    EXPECT_EQ(said(), "secret.size: the secret a has from 1 to 65536 bytes, not 1048576");
    EXPECT_EQ(vault->del(host(), nullptr, "shop/password", &error), WEIR_OK);
    EXPECT_EQ(vault->del(host(), nullptr, "shop/password", &error), WEIR_E_NOT_FOUND);
}

TEST_F(Offered, BusDropsAnEventWithAKnownKey) {
    auto publish = [&](char const* topic, char const* key) {
        return line->publish(host(), nullptr, topic, key, "{}", 2, &error);
    };
    EXPECT_EQ(publish("t", "k"), WEIR_OK);
    EXPECT_EQ(publish("t", "k"), WEIR_E_CONFLICT);
    EXPECT_EQ(said(), "bus.duplicate: an event on t with the key k was published before");
    EXPECT_EQ(publish("t", nullptr), WEIR_OK);
    EXPECT_EQ(publish("t", nullptr), WEIR_OK);
    EXPECT_EQ(publish("mine/1:t", nullptr), WEIR_OK);
    EXPECT_EQ(publish("free:t", nullptr), WEIR_OK) << "of nobody's service";
    EXPECT_EQ(publish("yours/1:t", nullptr), WEIR_E_AUTH);
    EXPECT_EQ(publish("mine/1:*", nullptr), WEIR_E_CONFIG);
    EXPECT_EQ(publish("", nullptr), WEIR_E_CONFIG);
    EXPECT_EQ(bus.events.size(), 5u);
}

TEST_F(Offered, CallThatNoCallAskedForHasADeadline) {
    CollectedText out{100};
    EXPECT_EQ(line->invoke(host(), nullptr, "a/1", "m", "{}", 2, out.abi(), &error),
              WEIR_E_NOT_FOUND);
    EXPECT_EQ(bus.remaining_ms, asked::invoke_ms_max);
    weir_call foreign{sizeof foreign, 0, nullptr, nullptr, nullptr};
    line->invoke(host(), &foreign, "a/1", "m", "{}", 2, out.abi(), &error);
    EXPECT_EQ(bus.remaining_ms, asked::invoke_ms_max) << "a weir_call that is not the host's";
}

TEST_F(Offered, NothingIsDoneForACallThatIsOver) {
    std::atomic<bool> stop{true};
    CallContext const cancelled{root.clock, &stop};
    EXPECT_EQ(docs->put(host(), cancelled.abi(), "c", "k", "{}", 0, &revision, &error),
              WEIR_E_CANCELLED);
    CallContext const late{root.clock, nullptr, 1};
    EXPECT_EQ(docs->put(host(), late.abi(), "c", "k", "{}", 0, &revision, &error), WEIR_E_TIMEOUT);
    EXPECT_EQ(said(), "call.timeout: the deadline of the call has passed");
    EXPECT_TRUE(store.documents.empty());
}

TEST_F(Offered, ErrorsFitIntoAShorterStruct) {
    weir_error shorter = error;
    shorter.struct_size = offsetof(weir_error, suggestion);
    std::memset(shorter.suggestion, 'x', sizeof shorter.suggestion);
    EXPECT_EQ(docs->put(host(), nullptr, "c", "", "{}", 0, &revision, &shorter), WEIR_E_CONFIG);
    EXPECT_STREQ(shorter.code, "service.name");
    EXPECT_EQ(shorter.suggestion[0], 'x');
    shorter.struct_size = 8;
    std::memset(shorter.message, 'x', sizeof shorter.message);
    EXPECT_EQ(docs->put(host(), nullptr, "c", "", "{}", 0, &revision, &shorter), WEIR_E_CONFIG);
    EXPECT_EQ(shorter.message[0], 'x');
}

}  // namespace
}  // namespace weir::host
