#include <sys/stat.h>

#include <future>
#include <limits>
#include <set>
#include <thread>

#include "host/store/care.hpp"
#include "store/fixture.hpp"
#include "support/sqlite.hpp"

namespace weir::test {
namespace {

using namespace host;

class StoreTest : public StoreFixture {
protected:
    StoreTest() {
        must(store->write([](Session& session) -> Result<void> {
            session.script("CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT NOT NULL) STRICT");
            return {};
        }));
    }
    Result<void> insert(std::int64_t a, std::string const& b = "x") {
        return store->write([&](Session& session) -> Result<void> {
            session.run("INSERT INTO t VALUES (?1, ?2)", a, b);
            return {};
        });
    }
    /// Queues `count` works behind one that is held up, and answers their outcomes.
    std::vector<std::string> together(int count, std::function<Result<void>(Session&, int)> work) {
        std::promise<void> go;
        std::shared_future<void> const gate = go.get_future().share();
        std::promise<void> begun;
        std::thread first{[&] {
            must(store->write([&](Session&) -> Result<void> {
                begun.set_value();
                gate.wait();
                return {};
            }));
        }};
        begun.get_future().wait();
        std::vector<std::string> codes(static_cast<std::size_t>(count));
        std::vector<std::thread> threads;
        for (int i = 0; i < count; ++i)
            threads.emplace_back([&, i] {
                codes[static_cast<std::size_t>(i)] =
                    code_of(store->write([&](Session& session) { return work(session, i); }));
            });
        while (store->figures().waiting < static_cast<std::size_t>(count))
            std::this_thread::yield();
        go.set_value();
        first.join();
        for (std::thread& thread : threads) thread.join();
        return codes;
    }
};

TEST_F(StoreTest, WritesThatQueueUpShareOneCommit) {
    std::uint64_t const before = store->figures().commits;
    auto const codes = together(20, [](Session& session, int i) -> Result<void> {
        session.run("INSERT INTO t VALUES (?1, 'x')", i);
        return {};
    });
    EXPECT_EQ(store->figures().commits - before, 2u) << "the one that held them up, and theirs";
    EXPECT_EQ(number("SELECT count(*) FROM t"), 20);
    EXPECT_EQ(std::set<std::string>(codes.begin(), codes.end()), std::set<std::string>{""});
    for (int i = 0; i < 20; ++i) must(insert(100 + i));
    EXPECT_EQ(store->figures().commits - before, 22u) << "one after the other, each has its own";
}

TEST_F(StoreTest, AWorkThatFailsTakesOnlyItsOwnChangesBack) {
    auto const codes = together(9, [](Session& session, int i) -> Result<void> {
        session.run("INSERT INTO t VALUES (?1, 'x')", i);
        if (i % 3 == 1) return Error{WEIR_E_DATA, "test.refused", "refused"};
        if (i % 3 == 2) throw std::runtime_error{"thrown"};
        return {};
    });
    EXPECT_EQ(number("SELECT count(*) FROM t"), 3);
    EXPECT_EQ(number("SELECT sum(a) FROM t"), 0 + 3 + 6);
    EXPECT_EQ(codes[0], "");
    EXPECT_EQ(codes[1], "test.refused");
    EXPECT_EQ(codes[2], "store.bug");
}

TEST_F(StoreTest, EachValueComesBackAsItWasBoundAndANullIsAnError) {
    std::string const text("a\0\xE2\x82\xAC", 5), empty;
    std::int64_t const least = std::numeric_limits<std::int64_t>::min();
    must(store->read([&](Session& session) -> Result<void> {
        auto const back = session.row<std::string, std::string, std::int64_t, double, int>(
            "SELECT ?1, ?2, ?3, ?4, ?5", text, empty, least, 0.1, true);
        EXPECT_EQ(back, std::tuple(text, empty, least, 0.1, 1));
        return {};
    }));
    EXPECT_EQ(code_of(store->read([](Session& session) -> Result<void> {
        session.value<std::string>("SELECT NULL");
        return {};
    })),
              "store.bug");
}

TEST_F(StoreTest, ASharedTransactionThatSqliteEndsIsRepeatedOneByOne) {
    auto const codes = together(5, [](Session& session, int i) -> Result<void> {
        session.run("INSERT INTO t VALUES (?1, 'x')", i);
        if (i == 3) session.run("INSERT OR ROLLBACK INTO t VALUES (?1, 'again')", i);
        return {};
    });
    EXPECT_EQ(number("SELECT count(*) FROM t"), 4);
    EXPECT_EQ(codes[3], "store.bug");
    EXPECT_EQ(codes[4], "");
}

TEST_F(StoreTest, AnotherProgramsLockIsSaid) {
    must(store->write([](Session& session) -> Result<void> {
        session.script("PRAGMA busy_timeout = 20");  // else it waits for five seconds
        return {};
    }));
    SqliteLock lock{path()};
    Result<void> const refused = insert(1);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().status, WEIR_E_BUSY);
    EXPECT_EQ(refused.error().code, "store.busy");
    EXPECT_NE(refused.error().message.find("another program holds"), std::string::npos);
    lock.release();
    must(insert(1));
    EXPECT_EQ(number("SELECT count(*) FROM t"), 1);
}

TEST_F(StoreTest, ADamagedFileIsSaidByWhoReadsItAndByWhoExaminesIt) {
    must(store->write([](Session& session) -> Result<void> {
        session.script("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
                       "5000) INSERT INTO t SELECT i, hex(randomblob(50)) FROM n");
        return {};
    }));
    must(examine(path()));
    store.reset();
    std::string bytes = read_file(path());
    for (std::size_t at = bytes.size() - 100 * 4096; at < bytes.size(); at += 4096)
        bytes.replace(at, 64, 64, '\xff');
    write_file(path(), bytes);
    open();
    auto const read = store->read([](Session& session) -> Result<void> {
        session.value<std::int64_t>("SELECT sum(length(b)) FROM t");
        return {};
    });
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().status, WEIR_E_IO);
    EXPECT_EQ(read.error().code, "store.damaged");
    EXPECT_NE(read.error().message.find("restore a copy"), std::string::npos);
    store.reset();
    Result<void> const examined = examine(path());
    ASSERT_FALSE(examined);
    EXPECT_EQ(examined.error().code, "store.damaged");
    EXPECT_EQ(examined.error().suggestion, "a copy made by weir backup");
}

TEST_F(StoreTest, AReadSeesWhatIsCommittedAndNothingElse) {
    must(store->write([&](Session& session) -> Result<void> {
        session.run("INSERT INTO t VALUES (1, 'x')");
        EXPECT_EQ(number("SELECT count(*) FROM t"), 0);
        return {};
    }));
    EXPECT_EQ(number("SELECT count(*) FROM t"), 1);
}

TEST_F(StoreTest, AReadSeesOneStateWhateverIsWrittenMeanwhile) {
    must(store->read([&](Session& session) -> Result<void> {
        EXPECT_EQ(session.value<std::int64_t>("SELECT count(*) FROM t"), 0);
        must(insert(1));
        EXPECT_EQ(session.value<std::int64_t>("SELECT count(*) FROM t"), 0);
        return {};
    }));
}

TEST_F(StoreTest, AReadCannotWrite) {
    EXPECT_NE(code_of(store->read([](Session& session) -> Result<void> {
                  session.run("INSERT INTO t VALUES (1, 'x')");
                  return {};
              })),
              "");
    EXPECT_EQ(number("SELECT count(*) FROM t"), 0);
}

TEST_F(StoreTest, ValuesComeBackAsTheyWere) {
    std::string const odd = std::string{"a\0b'\";--\n\xF0\x9F\x8C\x8A", 14};
    must(insert(INT64_MIN, odd));
    must(store->read([&](Session& session) -> Result<void> {
        auto const row = session.row<std::int64_t, std::string>("SELECT a, b FROM t");
        EXPECT_EQ(std::get<0>(*row), INT64_MIN);
        EXPECT_EQ(std::get<1>(*row), odd);
        return {};
    }));
}

TEST_F(StoreTest, ManyReadersAndWritersAtOnceAgree) {
    std::vector<std::thread> threads;
    for (int t = 0; t < 8; ++t)
        threads.emplace_back([&, t] {
            for (int i = 0; i < 50; ++i) {
                must(insert(t * 1000 + i));
                EXPECT_GE(number("SELECT count(*) FROM t"), i + 1);
            }
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(number("SELECT count(*) FROM t"), 400);
}

TEST_F(StoreTest, AStateOfANewerVersionIsRefusedAndLeftAsItIs) {
    store.reset();
    Sqlite{path()}.run("PRAGMA user_version = 999");
    std::string const before = read_file(path());
    Result<std::unique_ptr<Store>> opened = Store::open(path(), clock);
    EXPECT_EQ(code_of(opened), "store.newer");
    EXPECT_EQ(opened.error().status, WEIR_E_CONFIG);
    EXPECT_NE(opened.error().message.find("999"), std::string::npos);
    EXPECT_EQ(Sqlite{path()}.one("PRAGMA user_version"), "999");
}

TEST_F(StoreTest, ChangesTogetherFailTogetherWhenADocumentIsAnotherOne) {
    Documents documents{*store};
    std::uint64_t const seen = must(documents.put("p", "c", "a", "1", 0));
    must(documents.put("p", "c", "a", "2", Documents::any_revision));
    EXPECT_EQ(code_of(documents.apply("p", {.puts = {{"c", "new", "1"}, {"c", "a", "3", seen}}})),
              "store.conflict");
    EXPECT_FALSE(must(documents.get("p", "c", "new")));
    EXPECT_EQ(must(documents.get("p", "c", "a"))->json, "2");
    must(documents.apply("p", {.puts = {{"c", "new", "1", 0}, {"c", "a", "3", seen + 1}}}));
    EXPECT_EQ(must(documents.get("p", "c", "a"))->json, "3");
    EXPECT_EQ(code_of(documents.apply("p", {.puts = {{"c", "new", "2", 0}}})), "store.conflict");
}

TEST_F(StoreTest, ADatabaseOfSomebodyElseIsRefused) {
    std::string const other = directory / "other.db";
    Sqlite{other}.run("CREATE TABLE theirs(a)");
    EXPECT_EQ(code_of(Store::open(other, clock)), "store.foreign");
    EXPECT_EQ(Sqlite{other}.tables(), std::vector<std::string>{"theirs"});
}

TEST_F(StoreTest, WhatIsNoDatabaseOrNoPlaceIsRefused) {
    write_file(directory / "text", std::string(5000, 'x'));
    EXPECT_EQ(code_of(Store::open(directory / "text", clock)).substr(0, 6), "store.");
    EXPECT_EQ(code_of(Store::open(directory / "none/state.db", clock)), "store.open");
}

TEST_F(StoreTest, TheFileIsForItsOwnerAndMayHaveAnyName) {
    must(insert(1));
    for (std::string const& name : {path(), path() + "-wal"}) {
        struct stat found {};
        ASSERT_EQ(::stat(name.c_str(), &found), 0) << name;
        EXPECT_EQ(found.st_mode & 0777, 0600u) << name;
    }
    for (std::string const name : {"a b.db", "a=b.db", "c=d e.db"}) {
        must(Store::open(directory / name, clock));
        EXPECT_TRUE(std::filesystem::exists(directory / name)) << name;
    }
}

TEST_F(StoreTest, WhatWasAnsweredIsThereAfterOpeningAgain) {
    must(insert(7));
    reopen();
    EXPECT_EQ(number("SELECT a FROM t"), 7);
}

TEST_F(StoreTest, EveryAnsweredWriteIsSyncedToDisk) {
    must(store->write([](Session& session) -> Result<void> {
        EXPECT_EQ(session.value<std::int64_t>("PRAGMA synchronous"), 2);
        EXPECT_EQ(session.value<std::string>("PRAGMA journal_mode"), "wal");
        EXPECT_EQ(session.value<std::int64_t>("PRAGMA foreign_keys"), 1);
        return {};
    }));
}

}  // namespace
}  // namespace weir::test
