#include "host/store/vault.hpp"

#include <sys/stat.h>

#include <set>

#include "store/fixture.hpp"
#include "support/sqlite.hpp"

namespace weir::test {
namespace {

using namespace host;

constexpr char canary[] = "C4nary-7f3a-Pa55word";

class VaultTest : public StoreFixture {
protected:
    std::string get(std::string const& owner, std::string const& name) {
        return must(vault.get(owner, name)).value_or("(none)");
    }
    /// Runs `sql` on the closed database, as somebody with an editor would.
    void tamper(std::string const& sql) {
        must(store->write([&](Session& session) -> Result<void> {
            session.script(sql);
            return {};
        }));
    }
    /// Whether any file of the data directory holds `text`.
    bool is_anywhere(std::string const& text) {
        for (auto const& entry : std::filesystem::recursive_directory_iterator{directory.path()})
            if (entry.is_regular_file() &&
                read_file(entry.path().string()).find(text) != std::string::npos)
                return true;
        return false;
    }

    std::unique_ptr<KeyRing> key = must(KeyRing::load(directory.path()));
    Vault vault{*store, *key};
};

TEST_F(VaultTest, ASecretComesBackToItsOwnerOnly) {
    must(vault.put("replication", "shop", canary));
    EXPECT_EQ(get("replication", "shop"), canary);
    EXPECT_EQ(get("other", "shop"), "(none)");
    must(vault.put("replication", "shop", "new"));
    EXPECT_EQ(get("replication", "shop"), "new");
    must(vault.remove("replication", "shop"));
    EXPECT_EQ(get("replication", "shop"), "(none)");
    EXPECT_EQ(code_of(vault.remove("replication", "shop")), "secret.not_found");
}

TEST_F(VaultTest, AnyBytesAreASecret) {
    for (std::string const& value :
         {std::string{}, std::string{"\0\xff\n", 3}, std::string(Vault::value_bytes_max, 'x')}) {
        must(vault.put("p", "n", value));
        EXPECT_EQ(get("p", "n"), value);
    }
    EXPECT_EQ(code_of(vault.put("p", "n", std::string(Vault::value_bytes_max + 1, 'x'))),
              "secret.too_large");
    EXPECT_EQ(code_of(vault.put("p", "", "x")), "secret.name");
}

TEST_F(VaultTest, ASecretIsFoundInNoFile) {
    must(Documents{*store}.put("p", "c", "k", "\"plain-to-see\"", 0));
    must(vault.put("p", "n", canary));
    EXPECT_TRUE(is_anywhere("plain-to-see")) << "the search can find what is there";
    EXPECT_FALSE(is_anywhere(canary));
    store.reset();
    EXPECT_FALSE(is_anywhere(canary));
}

TEST_F(VaultTest, ACiphertextThatWasMovedDoesNotOpen) {
    must(vault.put("p", "a", canary));
    must(vault.put("p", "b", "other"));
    must(vault.put("q", "a", "third"));
    tamper(
        "UPDATE weir_secret SET sealed = (SELECT sealed FROM weir_secret WHERE owner = 'p' AND "
        "name = 'a')");
    EXPECT_EQ(get("p", "a"), canary) << "at its own place it does";
    EXPECT_EQ(code_of(vault.get("p", "b")), "secret.damaged");
    EXPECT_EQ(code_of(vault.get("q", "a")), "secret.damaged");
}

TEST_F(VaultTest, ACiphertextThatWasChangedDoesNotOpen) {
    must(vault.put("p", "a", "value"));
    std::string sealed;
    must(store->read([&](Session& session) -> Result<void> {
        sealed = *session.value<std::string>("SELECT sealed FROM weir_secret");
        return {};
    }));
    for (std::size_t i = 0; i < sealed.size(); i += 3) {
        std::string changed = sealed;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        tamper("UPDATE weir_secret SET sealed = '" + changed + "'");
        EXPECT_EQ(code_of(vault.get("p", "a")), "secret.damaged") << i;
    }
    tamper("UPDATE weir_secret SET sealed = 'AAAA'");
    EXPECT_EQ(code_of(vault.get("p", "a")), "secret.damaged");
    tamper("UPDATE weir_secret SET sealed = '" + sealed + "'");
    EXPECT_EQ(get("p", "a"), "value");
}

TEST_F(VaultTest, TheSameSecretTwiceLooksDifferent) {
    must(vault.put("p", "a", canary));
    must(vault.put("p", "b", canary));
    EXPECT_EQ(number("SELECT count(DISTINCT sealed) FROM weir_secret"), 2);
}

TEST_F(VaultTest, AnotherKeyIsNoticedAtStart) {
    must(vault.settle_key());
    must(vault.settle_key());
    std::filesystem::create_directory(directory / "elsewhere");
    auto const other = must(KeyRing::load(directory.path() / "elsewhere"));
    EXPECT_EQ(code_of(Vault{*store, *other}.settle_key()), "secret.wrong_key");
    must(vault.put("p", "a", canary));
    EXPECT_EQ(code_of(Vault{*store, *other}.get("p", "a")), "secret.damaged");
}

TEST_F(VaultTest, ANewKeySealsAllAnewAndOldCopiesStillOpen) {
    must(vault.settle_key());
    must(vault.put("p", "a", canary));
    must(vault.put("q", "b", "second"));
    std::string const before = directory / "before.db";
    must(store->write([&](Session&) -> Result<void> { return {}; }));
    Sqlite{path()}.run("VACUUM INTO '" + before + "'");
    Vault::Turned const turned = must(vault.rotate());
    EXPECT_NE(turned.from, turned.to);
    EXPECT_EQ(turned.secrets, 2);
    EXPECT_EQ(number("SELECT count(*) FROM weir_secret WHERE key_id <> '" + turned.to + "'"), 0);
    EXPECT_EQ(get("p", "a"), canary);
    must(vault.put("p", "c", "third"));
    auto const ring = must(KeyRing::load(directory.path(), true));
    EXPECT_EQ(must(Vault{*store, *ring}.get("p", "c")), "third");
    auto const copy = must(Store::open(before, clock));
    EXPECT_EQ(must(Vault{*copy, *ring}.get("q", "b")), "second");
    EXPECT_EQ(must(Vault{*copy, *ring}.settle_key()).secrets, 2);
}

TEST_F(VaultTest, ASecretThatDoesNotOpenIsToldAndLeft) {
    must(vault.settle_key());
    must(vault.put("p", "a", canary));
    must(vault.put("p", "b", "other"));
    tamper("UPDATE weir_secret SET sealed = 'AAAA' WHERE name = 'b'");
    Vault::Turned const turned = must(vault.rotate());
    EXPECT_EQ(turned.secrets, 1);
    EXPECT_EQ(turned.damaged, 1);
    EXPECT_EQ(get("p", "a"), canary);
    EXPECT_EQ(code_of(vault.get("p", "b")), "secret.damaged");
}

class KeyRingTest : public testing::Test {
protected:
    std::string code() { return code_of(KeyRing::load(directory.path())); }
    std::string file() const { return directory / "master.key"; }
    TempDir directory;
};

TEST_F(KeyRingTest, IsMadeOnceForItsOwnerOnly) {
    std::string const id = must(KeyRing::load(directory.path()))->newest()->id();
    EXPECT_EQ(must(KeyRing::load(directory.path()))->newest()->id(), id);
    struct stat found {};
    ASSERT_EQ(::stat(file().c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 0777, 0600u);
    EXPECT_EQ(found.st_size, 32);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator{directory.path()}, {}), 1);
}

TEST_F(KeyRingTest, OfAStateThatHasOneIsNotMadeAnew) {
    EXPECT_EQ(code_of(KeyRing::load(directory.path(), true)), "secret.key_file");
    EXPECT_FALSE(std::filesystem::exists(file()));
    must(KeyRing::load(directory.path()));
    must(KeyRing::load(directory.path(), true));
}

TEST_F(KeyRingTest, ThatOthersMayReadIsRefused) {
    must(KeyRing::load(directory.path()));
    ::chmod(file().c_str(), 0640);
    EXPECT_EQ(code(), "secret.key_file");
    ::chmod(file().c_str(), 0600);
    EXPECT_EQ(code(), "");
}

TEST_F(KeyRingTest, OfAnotherSizeOrKindIsRefused) {
    write_file(file(), std::string(31, 'x'));
    ::chmod(file().c_str(), 0600);
    EXPECT_EQ(code(), "secret.key_file");
    std::filesystem::remove(file());
    std::filesystem::create_directory(file());
    EXPECT_EQ(code(), "secret.key_file");
}

TEST_F(KeyRingTest, KeepsNoMoreThanItMay) {
    auto const ring = must(KeyRing::load(directory.path()));
    std::string const first = ring->newest()->id();
    for (std::size_t i = 1; i < KeyRing::keys_max; ++i) must(ring->renew());
    EXPECT_TRUE(ring->find(first));
    must(ring->renew());
    EXPECT_FALSE(ring->find(first));
    EXPECT_EQ(must(KeyRing::load(directory.path()))->newest()->id(), ring->newest()->id());
}

TEST_F(KeyRingTest, TakesAKeyThatSomebodyPutThere) {
    auto const ring = must(KeyRing::load(directory.path()));
    std::string const was = read_file(file());
    write_file(file(), std::string(32, 'k') + was);
    must(ring->renew());
    EXPECT_EQ(read_file(file()), std::string(32, 'k') + was);
    EXPECT_EQ(ring->newest()->id(), must(KeyRing::load(directory.path()))->newest()->id());
    write_file(file(), std::string(32, 'x'));
    EXPECT_EQ(code_of(ring->renew()), "secret.key_file") << "without the key of now";
    EXPECT_EQ(read_file(file()), std::string(32, 'x'));
}

TEST_F(KeyRingTest, MayLieElsewhereButIsNotMadeThere) {
    std::string const named = directory / "named.key";
    ::setenv("WEIR_MASTER_KEY_FILE", named.c_str(), 1);
    EXPECT_EQ(code(), "secret.key_file");
    write_file(named, std::string(32, 'k'));
    ::chmod(named.c_str(), 0600);
    EXPECT_EQ(code(), "");
    ::unsetenv("WEIR_MASTER_KEY_FILE");
    EXPECT_FALSE(std::filesystem::exists(file()));
}

}  // namespace
}  // namespace weir::test
