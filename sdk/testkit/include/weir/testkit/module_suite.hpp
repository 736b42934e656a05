#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "weir/testkit/quirks.hpp"

namespace weir::testkit {

/// What every connector must do, whatever it reads or writes; instantiated by WEIR_TEST_MODULE.
template <class Q>
class ModuleContract : public testing::Test {
protected:
    weir_component const& component() { return plugin.component(quirks.component()); }
    /// What a good configuration says of a system that is there.
    Json config() {
        if (component().roles & WEIR_ROLE_SOURCE) sample = quirks.make(3, 1);
        return quirks.config();
    }
    /// Creates with `config` and uses it a little; what it refuses, it says in a sentence.
    void use_or_refuse(Json const& config) {
        try {
            if (component().roles & WEIR_ROLE_SOURCE) {
                SourceInstance{host, component(), config}.discover("no_such_stream");
            } else {
                Instance{host, component(), config}.describe();
            }
        } catch (Failure const& failure) {
            EXPECT_LT(failure.status, 0);
            EXPECT_NE(failure.status, WEIR_E_INTERNAL) << config << ": " << failure.what();
            EXPECT_GT(std::string_view{failure.what()}.size(), 5u) << config << " without a reason";
        }
    }
    /// A life from create() to destroy(), with a read that is closed amid its stream.
    void live(Json const& config) {
        if (!(component().roles & WEIR_ROLE_SOURCE)) {
            Instance instance{host, component(), config};
            instance.describe();
            instance.interrupt();
            return;
        }
        SourceInstance source{host, component(), config};
        source.describe();
        source.interrupt();
        Reader reader = source.open({.stream = sample.stream, .select = {{"key", sample.key}}});
        reader.next();
    }

    Q quirks;
    Sample sample;
    TestHost host;
    Plugin plugin{quirks.library()};
};
TYPED_TEST_SUITE_P(ModuleContract);

TYPED_TEST_P(ModuleContract, SaysWhatItIs) {
    weir_module const& module = this->plugin.module();
    ASSERT_TRUE(module.id && *module.id);
    ASSERT_TRUE(module.version && *module.version);
    EXPECT_NE(std::string_view{module.id}.find('.'), std::string_view::npos)
        << "an id is a domain and a name, com.example.acme, and this is " << module.id;
    ASSERT_GT(module.component_count, 0u);
    for (std::uint32_t i = 0; i < module.component_count; ++i) {
        weir_component const& each = *module.components[i];
        ASSERT_TRUE(each.id && each.title && each.config_schema);
        EXPECT_NE(each.roles, 0u) << each.id;
        EXPECT_EQ((each.roles & WEIR_ROLE_SOURCE) != 0, each.iface("weir.source/1") != nullptr);
        EXPECT_EQ((each.roles & WEIR_ROLE_SINK) != 0, each.iface("weir.sink/1") != nullptr);
        EXPECT_EQ(each.iface("com.example.nothing/1"), nullptr) << "it is no table for any id";
    }
}

TYPED_TEST_P(ModuleContract, AnswersTheSameWhenAskedAgain) {
    Plugin const again{this->quirks.library()};
    EXPECT_EQ(&again.module(), &this->plugin.module());
}

TYPED_TEST_P(ModuleContract, RefusesAnotherAbi) {
    EXPECT_EQ(this->plugin.entry()(WEIR_ABI_MAJOR + 1, 0), nullptr)
        << "a host whose structs it does not know must not get its tables";
}

TYPED_TEST_P(ModuleContract, HasAFormForItsConfiguration) {
    Json const schema = Json::parse(this->component().config_schema, nullptr, false);
    ASSERT_TRUE(schema.is_object());
    EXPECT_EQ(schema.value("type", ""), "object");
    EXPECT_EQ(schema.value("additionalProperties", Json{true}), Json(false))
        << "else a slip of the pen is taken for an option";
    Json const properties = schema.value("properties", Json::object());
    for (auto const& [name, property] : properties.items()) {
        EXPECT_TRUE(property.contains("type")) << name << " has no type to draw a field for";
        EXPECT_TRUE(property.contains("title")) << name << " has no title";
    }
}

TYPED_TEST_P(ModuleContract, SurvivesOddConfigurations) {
    Json const good = this->config();
    Json const schema = Json::parse(this->component().config_schema);
    Json const properties = schema.value("properties", Json::object());
    for (auto const& [name, property] : properties.items()) {
        Json const type = property.value("type", Json{});
        std::vector<Json> odd;
        if (type == "string")
            odd = {"", "\x01", "%s%n", std::string(10'000, 'x'), "é😀", "../.."};
        if (type == "integer") odd = {0, -1, INT64_MAX, INT64_MIN};
        if (type == "number") odd = {0, -1.5, 1e308};
        for (Json const& value : odd) {
            Json config = good;
            config[name] = value;
            this->use_or_refuse(config);
        }
    }
}

TYPED_TEST_P(ModuleContract, RefusesBrokenConfigurationsWithASentence) {
    for (Json const& config : this->quirks.broken_configs()) {
        bool refused = false;
        try {
            bool const reads = (this->component().roles & WEIR_ROLE_SOURCE) != 0;
            if (reads)
                SourceInstance{this->host, this->component(), config}.discover();
            else
                Instance{this->host, this->component(), config}.describe();
            refused = !reads;  // a sink may see it when it writes
        } catch (Failure const& failure) {
            refused = true;
            EXPECT_GT(std::string_view{failure.what()}.size(), 10u) << config;
        }
        EXPECT_TRUE(refused) << config << " went well";
    }
}

TYPED_TEST_P(ModuleContract, TwoInstancesAreApart) {
    Json const config = this->config();
    auto first = std::make_unique<Instance>(this->host, this->component(), config);
    Instance second{this->host, this->component(), config};
    EXPECT_EQ(first->describe(), second.describe());
    first.reset();
    bool const is_service = (this->component().roles & WEIR_ROLE_SERVICE) != 0;
    EXPECT_EQ(second.describe().value("identity", "").empty(), is_service)
        << "a connector says which system is meant";
}

TYPED_TEST_P(ModuleContract, AReloadedCopyServesBesideTheOneBefore) {
    Json const config = this->config();
    auto before = std::make_unique<Instance>(this->host, this->component(), config);
    Json const told = before->describe();
    LibraryCopy const copy{this->quirks.library()};
    Plugin const fresh{copy.path()};
    EXPECT_NE(&fresh.module(), &this->plugin.module())
        << "the new copy runs on what is static in the old one: is it built with -fno-gnu-unique?";
    Instance after{this->host, fresh.component(this->quirks.component()), config};
    before.reset();
    EXPECT_EQ(after.describe(), told);
}

TYPED_TEST_P(ModuleContract, LeavesNoThreadBehind) {
    Json const config = this->config();
    EXPECT_LE(threads_left_by([&] { this->live(config); }), 0)
        << "close() joins what open() began, and destroy() what create() began";
}

REGISTER_TYPED_TEST_SUITE_P(ModuleContract, SaysWhatItIs, AnswersTheSameWhenAskedAgain,
                            RefusesAnotherAbi, HasAFormForItsConfiguration,
                            SurvivesOddConfigurations, RefusesBrokenConfigurationsWithASentence,
                            TwoInstancesAreApart, AReloadedCopyServesBesideTheOneBefore,
                            LeavesNoThreadBehind);

}  // namespace weir::testkit

/// Runs the suite that every connector passes: WEIR_TEST_MODULE(Acme, AcmeQuirks).
#define WEIR_TEST_MODULE(Name, Quirks)                            \
    namespace weir::testkit {                                     \
    INSTANTIATE_TYPED_TEST_SUITE_P(Name, ModuleContract, Quirks); \
    }                                                             \
    static_assert(true)
