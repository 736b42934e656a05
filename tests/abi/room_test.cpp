// Where libraries are copied to and looked at by a child before the host maps them.
#include "abi/fixture.hpp"
#include "host/abi/library_room.hpp"

namespace weir::host {
namespace {

struct Room : testing::Test {
    /// What a room with this child says of a good library.
    Result<std::string> look(std::filesystem::path const& runner) {
        LibraryRoom room{folder / "gen", runner};
        EXPECT_TRUE(LibraryRoom::prepare(folder / "gen"));
        Result<std::filesystem::path> const copy = room.copy(file);
        if (!copy) return copy.error();
        return room.look(*copy);
    }

    Folder folder;
    TrustedFile file = *read_trusted(folder.take("abi_odd"));
};

TEST_F(Room, LooksAtACopyInAChild) {
    Result<std::string> const seen = look(ABI_RUNNER);
    ASSERT_TRUE(seen) << seen.error().message;
    EXPECT_EQ(nlohmann::json::parse(*seen).at("id"), "dev.weir.test.odd");
}

TEST_F(Room, SaysThatTheChildCannotBeStarted) {
    Result<std::string> const seen = look("/nowhere/weir-runner");
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().status, WEIR_E_IO);
    EXPECT_EQ(seen.error().code, "plugin.runner");
    EXPECT_EQ(seen.error().message,
              "/nowhere/weir-runner cannot be started: No such file or directory; it belongs "
              "beside the libraries of Weir");
}

TEST_F(Room, SaysOfAChildThatEndsWithoutAWordThatItEnded) {
    Result<std::string> const seen = look("/bin/false");
    ASSERT_FALSE(seen);
    EXPECT_EQ(seen.error().status, WEIR_E_CONFIG);
    EXPECT_EQ(seen.error().code, "plugin.exited");
    EXPECT_EQ(seen.error().message,
              "ended the process that looked at it, with exit code 1; nothing of it was loaded "
              "here");
}

TEST_F(Room, SaysWhereNoCopyCanBeWritten) {
    Result<void> const nowhere = LibraryRoom::prepare("/proc/weir/gen");
    ASSERT_FALSE(nowhere);
    EXPECT_EQ(nowhere.error().status, WEIR_E_IO);
    EXPECT_EQ(nowhere.error().code, "plugin.copy");
    Folder::write(folder / "gen", "a file");
    LibraryRoom room{folder / "gen", ABI_RUNNER};
    Result<std::filesystem::path> const copy = room.copy(file);
    ASSERT_FALSE(copy);
    EXPECT_EQ(copy.error().status, WEIR_E_IO);
    EXPECT_EQ(copy.error().code, "plugin.copy");
    EXPECT_NE(copy.error().message.find("no copy can be written to " + (folder / "gen").string()),
              std::string::npos)
        << copy.error().message;
    EXPECT_NE(copy.error().message.find("Not a directory"), std::string::npos);
}

}  // namespace
}  // namespace weir::host
