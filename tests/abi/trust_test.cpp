#include "host/abi/trust.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "abi/fixture.hpp"

namespace weir::host {
namespace {

std::string refusal(std::filesystem::path const& path) {
    Result<TrustedFile> const file = read_trusted(path);
    return file ? "" : file.error().code + ": " + file.error().message;
}

TEST(Trust, ReadsAFileWholeAndKnowsItsDigest) {
    Folder const folder;
    Folder::write(folder / "a.so", "abc");
    Result<TrustedFile> const file = read_trusted(folder / "a.so");
    ASSERT_TRUE(file);
    EXPECT_EQ(file->bytes.size(), 3u);
    EXPECT_EQ(file->sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Trust, RefusesWhatIsNoRegularFileWithoutBlocking) {
    Folder const folder;
    std::filesystem::create_directory(folder / "directory.so");
    ASSERT_EQ(::mkfifo((folder / "fifo.so").c_str(), 0600), 0);
    Folder::write(folder / "real", "abc");
    std::filesystem::create_symlink(folder / "real", folder / "link.so");
    EXPECT_NE(refusal(folder / "directory.so").find("directory.so is a directory"),
              std::string::npos);
    EXPECT_NE(refusal(folder / "fifo.so").find("fifo.so is a FIFO"), std::string::npos);
    EXPECT_NE(refusal(folder / "link.so").find("link.so is a symbolic link"), std::string::npos);
    EXPECT_NE(refusal("/dev/null").find("plugin.not_regular: /dev/null is a device"),
              std::string::npos);
    for (char const* name : {"directory.so", "fifo.so", "link.so"})
        EXPECT_EQ(refusal(folder / name).find("plugin.not_regular"), 0u) << name;
    EXPECT_EQ(refusal(folder / "missing.so").find("plugin.unreadable"), 0u);
}

TEST(Trust, RefusesWhatIsTooLargeBeforeItIsRead) {
    Folder const folder;
    Folder::write(folder / "a.so", "abc");
    std::filesystem::resize_file(folder / "a.so", library_bytes_max + 1);  // of holes
    Result<TrustedFile> const file = read_trusted(folder / "a.so");
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().status, WEIR_E_CONFIG);
    EXPECT_EQ(file.error().code, "plugin.too_large");
    EXPECT_NE(file.error().message.find("a.so has 536870913 bytes; a plugin may have 536870912"),
              std::string::npos)
        << file.error().message;
}

TEST(Trust, RefusesASocket) {
    Folder const folder;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    (folder / "s.so").string().copy(address.sun_path, sizeof address.sun_path - 1);
    int const fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(refusal(folder / "s.so").find("plugin.not_regular"), 0u);
    ::close(fd);
}

TEST(Trust, RefusesAFileThatOthersMayWrite) {
    Folder const folder;
    Folder::write(folder / "a.so", "abc");
    ::chmod((folder / "a.so").c_str(), 0646);
    EXPECT_NE(refusal(folder / "a.so").find("a.so is writable by others; run: chmod go-w "),
              std::string::npos);
}

TEST(Trust, TakesThePrivateGroupOfTheOwnerForTheOwner) {
    // Root's primary group is root's own; a group of another name is not, whoever is in it.
    if (::geteuid() != 0) return;
    Folder const folder;
    Folder::write(folder / "a.so", "abc");
    ::chmod((folder / "a.so").c_str(), 0664);
    EXPECT_EQ(refusal(folder / "a.so"), "");
    ASSERT_EQ(::chown((folder / "a.so").c_str(), 0, 1), 0);
    EXPECT_NE(refusal(folder / "a.so").find("a.so is writable by its group"), std::string::npos);
}

TEST(Trust, RefusesAFileOfSomebodyElse) {
    if (::geteuid() != 0) return;
    Folder const folder;
    Folder::write(folder / "a.so", "abc");
    ASSERT_EQ(::chown((folder / "a.so").c_str(), 65534, 65534), 0);
    EXPECT_EQ(refusal(folder / "a.so").find("plugin.owner"), 0u);
}

TEST(Trust, RefusesADirectoryThatOthersMayWriteUnlessItIsSticky) {
    Folder const folder;
    Folder::write(folder / "a.so", "abc");
    ::chmod(folder.path().c_str(), 0777);
    EXPECT_NE(refusal(folder / "a.so").find("which is writable by others"), std::string::npos);
    ::chmod(folder.path().c_str(), 01777);
    EXPECT_EQ(refusal(folder / "a.so"), "");
}

}  // namespace
}  // namespace weir::host
