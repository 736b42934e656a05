#include "host/abi/registry.hpp"

#include <future>

#include "abi/fixture.hpp"
#include "host/abi/library.hpp"

namespace weir::host {
namespace {

std::vector<std::string> ids(Registry& registry) {
    std::vector<std::string> out;
    for (auto const& component : registry.components()) out.push_back(component->id);
    return out;
}

std::string refusals(Registry& registry) {
    std::string out;
    for (Refusal const& refusal : registry.refusals())
        out += refusal.path.filename().string() + " " + refusal.error.code + "\n";
    return out;
}

void describe(std::filesystem::path const& library) {
    std::filesystem::path manifest = library;
    Folder::write(manifest.replace_extension(".json"),
                  to_json(load_library(library, std::nullopt)->manifest));
}

TEST(Registry, BadLibrariesStopNoOther) {
    Folder const folder;
    folder.take("abi_odd");
    folder.take("abi_plain");
    folder.take("abi_plain", "plain_again");
    folder.take("major");
    folder.take("extra_export");
    ::chmod(folder.take("null_next", "writable").c_str(), 0666);
    Folder::write(folder / "text.so", "no library at all\n");
    Folder::write(folder / "cut.so", Folder::read(folder / "abi_plain.so").substr(0, 3000));
    std::filesystem::create_directory(folder / "directory.so");
    ::mkfifo((folder / "fifo.so").c_str(), 0600);
    Folder::write(folder / "README.md", "not looked at");

    Registry registry{{folder.path()}};
    EXPECT_EQ(ids(registry), (std::vector<std::string>{"odd", "plain"}));
    EXPECT_EQ(refusals(registry),
              "cut.so plugin.damaged\n"
              "directory.so plugin.not_regular\n"
              "extra_export.so plugin.exports\n"
              "fifo.so plugin.not_regular\n"
              "major.so plugin.abi_major\n"
              "plain_again.so plugin.duplicate_id\n"
              "text.so plugin.not_elf\n"
              "writable.so plugin.writable\n");
    EXPECT_TRUE(registry.load("odd"));
    EXPECT_TRUE(registry.load("plain"));
}

TEST(Registry, RefusesASecondOwnerOfAConnectorOrScheme) {
    Folder const folder;
    folder.take("abi_plain");
    folder.take("other_scheme");
    folder.take("same_component");
    Registry registry{{folder.path()}};
    std::vector<Refusal> const refused = registry.refusals();
    ASSERT_EQ(refused.size(), 2u);
    EXPECT_NE(refused[0].error.message.find("has the URL scheme plain that"), std::string::npos);
    EXPECT_NE(refused[1].error.message.find("has the connector plain that"), std::string::npos);
}

TEST(Registry, LoadsALibraryWithManifestOnlyWhenItsConnectorIsAskedFor) {
    Folder const folder;
    describe(folder.take("abi_plain"));
    describe(folder.take("abi_odd"));
    // Were it loaded by the scan, it would be refused there.
    Folder::write(folder / "abi_odd.so", "damaged since");
    Registry registry{{folder.path()}};
    EXPECT_EQ(ids(registry), (std::vector<std::string>{"odd", "plain"}));
    EXPECT_TRUE(registry.load("plain"));
    EXPECT_EQ(refusals(registry), "");
    EXPECT_EQ(registry.load("odd").error().code, "plugin.not_elf");
    EXPECT_EQ(registry.load("odd").error().code, "plugin.not_elf");
    EXPECT_EQ(refusals(registry), "abi_odd.so plugin.not_elf\n");
}

/// A registry in which loading odd hangs until it is let go on, and fails then.
struct Hanging {
    Hanging() {
        for (char const* const name : {"abi_odd", "abi_plain"}) describe(folder.take(name));
        Placement placement;
        placement.in_process = {"dev.weir.test.plain"};
        placement.contain = [this](std::filesystem::path const&, PluginLimits const&,
                                   OnLoss const&) -> Result<std::shared_ptr<Contained>> {
            inside.set_value();
            go_on.get_future().wait();
            return Error{WEIR_E_IO, "plugin.runner", "it hung"};
        };
        registry.emplace(std::vector{folder.path()}, nullptr, LoadRules{{}, std::move(placement)});
    }
    std::string load_odd() { return registry->load("odd").error().code; }

    Folder const folder;
    std::promise<void> inside, go_on;  // a second load of odd would throw
    std::optional<Registry> registry;
};

TEST(Registry, ALibraryThatHangsKeepsNobodyFromTheOthers) {
    Hanging hanging;
    auto first = std::async(std::launch::async, [&] { return hanging.load_odd(); });
    hanging.inside.get_future().wait();
    EXPECT_TRUE(hanging.registry->load("plain"));
    EXPECT_EQ(ids(*hanging.registry), (std::vector<std::string>{"odd", "plain"}));
    auto second = std::async(std::launch::async, [&] { return hanging.load_odd(); });
    hanging.go_on.set_value();
    EXPECT_EQ(first.get(), "plugin.runner");
    EXPECT_EQ(second.get(), "plugin.runner");
    EXPECT_EQ(refusals(*hanging.registry), "abi_odd.so plugin.runner\n");
}

TEST(Registry, ALibraryThatIsRemovedWhileItIsLoadedIsGone) {
    Hanging hanging;
    auto first = std::async(std::launch::async, [&] { return hanging.load_odd(); });
    hanging.inside.get_future().wait();
    EXPECT_TRUE(hanging.registry->remove("dev.weir.test.odd"));
    hanging.go_on.set_value();
    EXPECT_EQ(first.get(), "plugin.runner");
    EXPECT_EQ(refusals(*hanging.registry), "");
    EXPECT_EQ(hanging.load_odd(), "connector.unknown");
}

TEST(Registry, RefusesAnotherBuildThanTheManifestDescribes) {
    Folder const folder;
    describe(folder.take("abi_plain"));
    Folder::write(folder / "abi_plain.so", Folder::read(folder / "abi_plain.so") + "more");
    Registry registry{{folder.path()}};
    registry.load_all();
    EXPECT_EQ(refusals(registry), "abi_plain.so plugin.manifest\n");
}

TEST(Registry, RefusesAManifestThatIsNone) {
    Folder const folder;
    folder.take("abi_plain");
    for (char const* text : {"", "{", "[]", "{\"id\":1}", "{\"abi\":{\"major\":0}}"}) {
        Folder::write(folder / "abi_plain.json", text);
        Registry registry{{folder.path()}};
        EXPECT_EQ(refusals(registry), "abi_plain.so plugin.manifest\n") << text;
    }
}

TEST(Registry, FindsConnectorsByScheme) {
    Folder const folder;
    folder.take("abi_plain");
    folder.take("abi_odd");
    Registry registry{{folder.path()}};
    ASSERT_TRUE(registry.find_scheme("plain"));
    EXPECT_EQ(registry.find_scheme("plain")->id, "plain");
    EXPECT_EQ(registry.find_scheme("odd")->id, "odd") << "an id serves where no scheme does";
    EXPECT_FALSE(registry.find_scheme("oracle"));
}

TEST(Registry, SuggestsTheNearestConnector) {
    Folder const folder;
    folder.take("abi_plain");
    Registry registry{{folder.path(), folder / "missing"}};
    Error const error = registry.load("plane").error();
    EXPECT_EQ(error.code, "connector.unknown");
    EXPECT_EQ(error.suggestion, "plain");
    EXPECT_EQ(error.message, "there is no connector \"plane\"; connectors: plain");
}

TEST(Registry, SaysWhyTheLibraryOfAConnectorWasRefused) {
    Folder const folder;
    Folder::write(folder / "oracle.so", "not yet");
    Registry registry{{folder.path()}};
    EXPECT_EQ(registry.load("oracle").error().code, "plugin.not_elf");
}

TEST(Registry, KeepsServicesApartFromConnectors) {
    Folder const connectors, plugins;
    connectors.take("abi_plain");
    describe(plugins.take("abi_desk"));
    Registry registry{{connectors.path(), plugins.path()}};
    EXPECT_EQ(ids(registry), std::vector<std::string>{"plain"});
    ASSERT_EQ(registry.services().size(), 1u);
    EXPECT_EQ(registry.services()[0]->id, "desk");
    EXPECT_FALSE(registry.find_scheme("desk")) << "no URL means a service";
    EXPECT_EQ(registry.load("desk").error().message,
              "there is no connector \"desk\"; connectors: plain");
    Error const unknown = registry.load_service("dsk").error();
    EXPECT_EQ(unknown.code, "service.unknown");
    EXPECT_EQ(unknown.message, "there is no service \"dsk\"; services: desk");
    EXPECT_EQ(unknown.suggestion, "desk");
    Component const desk = *registry.load_service("desk");
    EXPECT_TRUE(desk.service && desk.lifecycle);
    EXPECT_FALSE(desk.source || desk.sink);
}

TEST(Registry, RefusesASecondOwnerOfAMount) {
    Folder const folder;
    folder.take("abi_bell");
    folder.take("same_mount");
    Registry registry{{folder.path()}};
    std::vector<Refusal> const refused = registry.refusals();
    ASSERT_EQ(refused.size(), 1u);
    EXPECT_EQ(refused[0].error.code, "plugin.route_conflict");
    EXPECT_NE(refused[0].error.message.find("same_mount.so claims the mount /bell/low that"),
              std::string::npos)
        << refused[0].error.message;
}

TEST(Registry, AnswersTheTablesOfARole) {
    Folder const folder;
    folder.take("abi_plain");
    folder.take("abi_odd");
    Registry registry{{folder.path()}};
    Component const plain = *registry.load("plain");
    EXPECT_TRUE(plain.source);
    EXPECT_FALSE(plain.sink);
    EXPECT_FALSE(plain.lifecycle);
    Component const odd = *registry.load("odd");
    EXPECT_TRUE(odd.source && odd.sink && odd.lifecycle);
}

}  // namespace
}  // namespace weir::host
