// What a library is refused for once it is loaded, and what is no reason to refuse it.
#include "host/abi/library.hpp"

#include <span>

#include "abi/fixture.hpp"
#include "host/abi/seal.hpp"

namespace weir::host {
namespace {

struct Fault {
    char const *library, *code, *sentence;
};

class FaultyLibrary : public testing::TestWithParam<Fault> {};

TEST_P(FaultyLibrary, IsRefusedWithItsSentence) {
    Folder const folder;
    Fault const& fault = GetParam();
    Result<LoadedLibrary> const loaded = load_library(folder.take(fault.library), std::nullopt);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().code, fault.code);
    EXPECT_EQ(loaded.error().status, WEIR_E_CONFIG);
    EXPECT_NE(loaded.error().message.find(fault.sentence), std::string::npos)
        << loaded.error().message;
    EXPECT_NE(loaded.error().message.find(std::string{fault.library} + ".so "), std::string::npos)
        << loaded.error().message;
}

Fault const faults[] = {
    {"major", "plugin.abi_major", "is built for ABI 1.1; this Weir has 0.1"},
    {"minor", "plugin.abi_minor", "is built for ABI 0.2; this Weir has 0.1"},
    {"null_module", "plugin.refuses_host", "refuses this Weir, which has ABI 0.1"},
    {"null_next", "plugin.incomplete",
     "the component faulty whose table weir.source/1 lacks the required member next"},
    {"short_source", "plugin.incomplete",
     "the component faulty whose table weir.source/1 lacks the required member close"},
    {"no_table", "plugin.incomplete", "the component faulty that does not offer weir.source/1"},
    {"sink_without_table", "plugin.incomplete", "does not offer weir.sink/1"},
    {"null_create", "plugin.incomplete", "lacks the required member create"},
    {"short_component", "plugin.incomplete", "lacks the required member iface"},
    {"short_module", "plugin.incomplete", "too short for the required member components"},
    {"no_role", "plugin.incomplete", "lacks the required member roles"},
    {"no_id", "plugin.incomplete", "lacks the required member id of weir_module"},
    {"twice", "plugin.incomplete", "has two components faulty"},
    {"odd_id", "plugin.incomplete", "has a component whose id \"A b/../\" is none: a letter, and"},
    {"odd_module_id", "plugin.incomplete", "has a weir_module whose id \"dev.\\x1b[31m\" is none"},
    {"odd_title", "plugin.incomplete",
     "the component faulty whose title \"Fau\xEF\xBF\xBDlty\" is not one line of UTF-8"},
    {"odd_schemes", "plugin.manifest",
     "the component faulty that has \"schemes\" in its meta_json that are no list of schemes"},
    {"odd_placement", "plugin.manifest",
     "the component faulty that has a \"placement\" in its meta_json that is not \"child\""},
    {"no_json", "plugin.manifest", "whose config_schema is no JSON object"},
    {"extra_export", "plugin.exports", "exports also_exported"},
    {"lazy", "plugin.bind_now", "binds lazily"},
    {"undeclared_member", "plugin.incomplete",
     "the component bell that declares what the member on_event of its table weir.service/1 would"},
    {"unknown_table", "plugin.requires",
     "the component bell that requires weir.stone/1, which this Weir does not have"},
};
std::string name_of(testing::TestParamInfo<Fault> const& fault) {
    std::string name;
    for (char const* c = fault.param.library; *c; ++c)
        if (*c != '_') name += *c;
    return name;
}
INSTANTIATE_TEST_SUITE_P(, FaultyLibrary, testing::ValuesIn(faults), name_of);

TEST(Library, IsTakenWithStructsOfALaterMinor) {
    Folder const folder;
    Result<LoadedLibrary> const loaded = load_library(folder.take("long_structs"), std::nullopt);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->manifest.components.at(0).id, "faulty");
}

TEST(Library, WrittenInCIsTaken) {
    Folder const folder;
    Result<LoadedLibrary> const loaded = load_library(folder.take("abi_plain"), std::nullopt);
    ASSERT_TRUE(loaded) << loaded.error().message;
    EXPECT_EQ(loaded->generation->id(), "dev.weir.test.plain");
    EXPECT_EQ(loaded->generation->version(), "1.0.0");
    EXPECT_EQ(loaded->generation->sha256().size(), 64u);
    EXPECT_EQ(loaded->manifest.components.at(0).schemes, std::vector<std::string>{"plain"});
}

TEST(Library, WithManifestOfAnotherBuildIsRefused) {
    Folder const folder;
    std::filesystem::path const library = folder.take("abi_plain");
    Manifest manifest = load_library(library, std::nullopt)->manifest;
    EXPECT_TRUE(load_library(library, manifest));
    manifest.version = "1.0.1";
    Result<LoadedLibrary> const other = load_library(library, manifest);
    ASSERT_FALSE(other);
    EXPECT_NE(other.error().message.find("says version 1.0.1 where the library says 1.0.0"),
              std::string::npos);
    manifest.sha256[0] = 'x';
    EXPECT_EQ(load_library(library, manifest).error().code, "plugin.manifest");
}

TEST(Library, ManifestSurvivesWritingAndReading) {
    Folder const folder;
    std::filesystem::path const library = folder.take("abi_odd");
    Manifest const manifest = load_library(library, std::nullopt)->manifest;
    Folder::write(folder / "abi_odd.json", to_json(manifest));
    Result<std::optional<Manifest>> const read = read_manifest_beside(library);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ(difference(**read, manifest), "");
    EXPECT_EQ((*read)->sha256, manifest.sha256);
    EXPECT_EQ((*read)->components.at(0).roles, WEIR_ROLE_SOURCE | WEIR_ROLE_SINK);
}

TEST(Library, ServiceSurvivesWritingAndReadingItsManifest) {
    Folder const folder;
    std::filesystem::path const library = folder.take("abi_desk");
    Manifest const manifest = load_library(library, std::nullopt)->manifest;
    Folder::write(folder / "abi_desk.json", to_json(manifest));
    Result<std::optional<Manifest>> const read = read_manifest_beside(library);
    ASSERT_TRUE(read && *read);
    EXPECT_EQ(difference(**read, manifest), "");
    ComponentInfo const& desk = (*read)->components.at(0);
    EXPECT_TRUE(desk.is_service() && !desk.is_connector());
    EXPECT_EQ(desk.declared.mounts, std::vector<std::string>{"/desk"});
    EXPECT_EQ(desk.declared.routes.size(), 4u);
    EXPECT_EQ(desk.declared.needs.size(), 4u);
    EXPECT_TRUE(desk.declared.timer);
    EXPECT_TRUE(load_library(library, **read));
}

// What is damaged is known by its seal before anything of it is mapped.
TEST(SealedLibrary, IsRefusedWithAnyBitOfItTurned) {
    Folder const folder;
    std::filesystem::path const library = folder.take("abi_odd");
    std::string const whole = Folder::read(library);
    std::string_view const mark = "weir-seal/1\n";
    ASSERT_TRUE(whole.ends_with(mark));
    ASSERT_TRUE(load_library(library, std::nullopt));
    std::size_t const sealed = whole.size() - mark.size();
    for (std::size_t at = 0; at < sealed; at += 1 + sealed / 64) {
        std::string turned = whole;
        turned[at] ^= 0x10;
        EXPECT_TRUE(check_seal(std::as_bytes(std::span{turned}))) << at;
        folder.write(library, turned);
        Result<LoadedLibrary> const loaded = load_library(library, std::nullopt);
        ASSERT_FALSE(loaded) << at;
        EXPECT_EQ(loaded.error().code, "plugin.damaged") << at;
    }
    folder.write(library, whole.substr(0, sealed - 32));
    EXPECT_TRUE(load_library(library, std::nullopt)) << "stripped of its seal it is looked at";
}

}  // namespace
}  // namespace weir::host
