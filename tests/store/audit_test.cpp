#include "host/store/audit.hpp"

#include "host/store/answers.hpp"
#include "host/store/tokens.hpp"
#include "host/store/vault.hpp"
#include "store/fixture.hpp"
#include "support/sqlite.hpp"

namespace weir::test {
namespace {

using namespace host;

class AuditTest : public StoreFixture {
protected:
    void add(std::string const& action) {
        AuditRow row;
        row.principal = "ana";
        row.action = action;
        must(audit().add(row));
    }
    Audit& audit() {
        if (!audit_) audit_ = std::make_unique<Audit>(*store, *key);
        return *audit_;
    }
    /// Runs `sql` on the closed database, as somebody with an editor and without the key would.
    Audit::Verdict after(std::string const& sql) {
        audit_.reset();
        store.reset();
        Sqlite{path()}.run("DROP TRIGGER IF EXISTS weir_audit_stays");
        Sqlite{path()}.run(sql);
        open();
        return must(audit().verify());
    }

    std::unique_ptr<KeyRing> key = must(KeyRing::load(directory.path()));
    std::unique_ptr<Audit> audit_;
};

TEST_F(AuditTest, IsWholeWhenNobodyTouchedIt) {
    EXPECT_EQ(must(audit().verify()).broken, 0);
    for (char const* action : {"one", "two", "three"}) add(action);
    Audit::Verdict const verdict = must(audit().verify());
    EXPECT_EQ(verdict.rows, 3);
    EXPECT_EQ(verdict.broken, 0) << verdict.why;
    EXPECT_EQ(must(audit().list({})).front().action, "three");
    Audit::Filter filter;
    filter.before = 3;
    filter.limit = 1;
    EXPECT_EQ(must(audit().list(filter)).front().action, "two");
    EXPECT_EQ(after("SELECT 1").broken, 0) << "the control of the tests below";
}

TEST_F(AuditTest, FindsWhatWasAlteredRemovedOrReordered) {
    for (char const* action : {"one", "two", "three", "four"}) add(action);
    auto broken = [&](std::string const& change, std::string const& back) {
        std::int64_t const found = after(change).broken;
        EXPECT_EQ(after(back).broken, 0) << back;
        return found;
    };
    EXPECT_EQ(broken("UPDATE weir_audit SET action = 'x' WHERE seq = 2",
                     "UPDATE weir_audit SET action = 'two' WHERE seq = 2"),
              2);
    EXPECT_EQ(broken("UPDATE weir_audit SET at = at + 1 WHERE seq = 4",
                     "UPDATE weir_audit SET at = at - 1 WHERE seq = 4"),
              4);
    EXPECT_EQ(broken("UPDATE weir_audit SET seq = 9 WHERE seq = 2; UPDATE weir_audit SET seq = 2 "
                     "WHERE seq = 3; UPDATE weir_audit SET seq = 3 WHERE seq = 9",
                     "UPDATE weir_audit SET seq = 9 WHERE seq = 2; UPDATE weir_audit SET seq = 2 "
                     "WHERE seq = 3; UPDATE weir_audit SET seq = 3 WHERE seq = 9"),
              2);
    std::string const keep = "CREATE TABLE kept AS SELECT * FROM weir_audit; ";
    std::string const restore =
        "DELETE FROM weir_audit; INSERT INTO weir_audit SELECT * FROM kept; DROP TABLE kept";
    EXPECT_EQ(broken(keep + "DELETE FROM weir_audit WHERE seq = 2", restore), 3);
    EXPECT_EQ(broken(keep + "DELETE FROM weir_audit WHERE seq = 1", restore), 2);
    EXPECT_EQ(broken(keep + "DELETE FROM weir_audit WHERE seq = 4", restore), 4);
    EXPECT_EQ(broken(keep + "DELETE FROM weir_audit WHERE seq = 1; UPDATE weir_fact SET value = "
                            "(SELECT prev_hash FROM weir_audit WHERE seq = 2) WHERE name = "
                            "'audit_start'",
                     restore + "; UPDATE weir_fact SET value = '" +
                         Sqlite{path()}.one("SELECT value FROM weir_fact WHERE name = "
                                            "'audit_start'") +
                         "' WHERE name = 'audit_start'"),
              2);
    EXPECT_NE(after("DELETE FROM weir_audit").broken, 0);
}

TEST_F(AuditTest, StaysWholeWhenTheMasterKeyChanges) {
    Vault vault{*store, *key};
    must(vault.settle_key());
    for (char const* action : {"one", "two"}) add(action);
    must(vault.rotate());
    add("three");
    must(vault.rotate());
    add("four");
    Audit::Verdict const verdict = must(audit().verify());
    EXPECT_EQ(verdict.rows, 4);
    EXPECT_EQ(verdict.broken, 0) << verdict.why;
    EXPECT_EQ(after("UPDATE weir_audit SET action = 'x' WHERE seq = 1").broken, 1);
    EXPECT_EQ(after("UPDATE weir_audit SET action = 'one' WHERE seq = 1").broken, 0);
    EXPECT_EQ(after("UPDATE weir_audit SET action = 'x' WHERE seq = 4").broken, 4);
    EXPECT_EQ(after("UPDATE weir_audit SET action = 'four' WHERE seq = 4").broken, 0);
    EXPECT_NE(after("DELETE FROM weir_fact WHERE name = 'audit_keys'").broken, 0);
    EXPECT_NE(after("INSERT INTO weir_fact VALUES ('audit_keys', 'a:AAAA')").broken, 0);
}

TEST_F(AuditTest, ATrailThatWasTouchedIsNotMadeGoodByAnotherKey) {
    must(Vault{*store, *key}.settle_key());
    for (char const* action : {"one", "two", "three"}) add(action);
    EXPECT_NE(after("DELETE FROM weir_audit WHERE seq = 3").broken, 0);
    must(Vault{*store, *key}.rotate());
    EXPECT_NE(must(audit().verify()).broken, 0);
}

TEST_F(AuditTest, IsOnlyAddedTo) {
    add("one");
    EXPECT_THROW(Sqlite{path()}.run("UPDATE weir_audit SET action = 'x'"), std::exception);
}

TEST_F(AuditTest, AnswersAreKeptForADay) {
    KeptAnswers answers{*store};
    must(answers.put("ana", "k", {"f", 201, "[]", "application/json", "{}"}));
    EXPECT_EQ(must(answers.find("ana", "k"))->status, 201u);
    EXPECT_FALSE(must(answers.find("ben", "k")));
    clock.advance_us(24LL * 3'600 * 1'000'000);
    EXPECT_FALSE(must(answers.find("ana", "k")));
    must(answers.retain());
    EXPECT_EQ(number("SELECT count(*) FROM weir_idempotency"), 0);
}

TEST_F(AuditTest, TokensAreKeptWithoutWhatTheyAreMadeOf) {
    TokenRows rows{*store};
    TokenRow row;
    row.id = "t1";
    row.sha256 = "ab";
    row.scope = "read";
    must(rows.add(row));
    must(rows.used({{"t1", 7}}));
    reopen();
    EXPECT_EQ(must(TokenRows{*store}.all()).at(0).used_us, 7);
    must(TokenRows{*store}.remove("t1"));
    EXPECT_EQ(code_of(TokenRows{*store}.remove("t1")), "token.not_found");
}

}  // namespace
}  // namespace weir::test
