#include "host/store/letters.hpp"

#include "store/fixture.hpp"

namespace weir::test {
namespace {

using namespace host;

class LettersTest : public StoreFixture {
protected:
    Letter letter(std::string const& position, std::string const& job = "orders") {
        return {.job = job,
                .stream = "public.orders",
                .target = "orders",
                .run_id = "run",
                .code = "sqlite.unique",
                .message = "refused",
                .where = "id",
                .record_json = R"({"id":)" + position + "}",
                .position = position,
                .at_us = clock.unix_us()};
    }
    std::string positions(Letters::Filter const& filter) {
        std::string all;
        for (Letter const& each : must(letters().list(filter))) all += each.position + " ";
        return all;
    }
    Letters letters() { return Letters{*store}; }
};

TEST_F(LettersTest, ALetterIsKeptWhole) {
    must(letters().add({letter("1")}));
    reopen();
    Letter const kept = must(letters().list({})).at(0);
    EXPECT_EQ(kept.id.size(), 26u);
    EXPECT_EQ(kept.record_json, R"({"id":1})");
    EXPECT_EQ(kept.where, "id");
    EXPECT_EQ(kept.status, "waiting");
    EXPECT_EQ(kept.at_us, clock.unix_us());
}

TEST_F(LettersTest, ABatchThatIsReadAgainRepeatsNoLetter) {
    must(letters().add({letter("1"), letter("2")}));
    must(letters().add({letter("2"), letter("3"), letter("3")}));
    EXPECT_EQ(positions({}), "3 2 1 ");
    must(letters().add({letter("2", "other")}));
    EXPECT_EQ(must(letters().count("orders")), 3u);
    EXPECT_EQ(must(letters().count("")), 4u);
}

TEST_F(LettersTest, ListsAreFilteredAndPaged) {
    must(letters().add({letter("1"), letter("2"), letter("3", "other"), letter("4")}));
    EXPECT_EQ(positions({.job = "orders"}), "4 2 1 ");
    EXPECT_EQ(positions({.job = "orders", .limit = 1}), "4 ");
    std::vector<Letter> const all = must(letters().list({}));
    EXPECT_EQ(positions({.before = all[1].id}), "2 1 ");
    EXPECT_EQ(positions({.ids = {all[0].id, all[3].id, "none"}}), "4 1 ");
    EXPECT_EQ(positions({.jobs = "oth*"}), "3 ");
    EXPECT_EQ(positions({.jobs = "orders", .limit = 2}), "4 2 ");
    EXPECT_EQ(positions({.job = "orders", .jobs = "other"}), "");
    EXPECT_EQ(positions({.run_id = "none"}), "");
    EXPECT_EQ(positions({.run_id = "run", .code = "sqlite.unique"}), "4 3 2 1 ");
    EXPECT_EQ(code_of(letters().list({.before = "none"})), "dead_letters.not_found");
}

TEST_F(LettersTest, AReplayReadsOldestFirstInBoundedPages) {
    must(letters().add({letter("1"), letter("2"), letter("3"), letter("4")}));
    std::vector<Letter> const all = must(letters().list({.oldest_first = true}));
    EXPECT_EQ(positions({.oldest_first = true}), "1 2 3 4 ");
    EXPECT_EQ(positions({.before = all[1].id, .oldest_first = true}), "3 4 ");
    EXPECT_EQ(positions({.oldest_first = true, .bytes_max = 1}), "1 ") << "one at least";
    EXPECT_EQ(positions({.oldest_first = true, .bytes_max = 16}), "1 2 ");
    EXPECT_EQ(positions({.stream = "none"}), "");
    EXPECT_EQ(positions({.stream = "public.orders", .ids = {all[0].id}}), "1 ");
    EXPECT_EQ(must(letters().list({.with_record = false})).at(0).record_json, "");
    EXPECT_EQ(must(letters().streams({all[0].id, all[1].id, "none"})),
              std::vector<std::string>{"public.orders"});
}

TEST_F(LettersTest, ALetterIsFoundByItsIdAndKeepsItsLastReason) {
    must(letters().add({letter("1"), letter("2")}));
    std::string const id = must(letters().list({})).at(0).id;
    must(letters().refuse_again({{id, "replay.does_not_fit", "no such field", "name"}}));
    Letter const found = must(letters().find(id));
    EXPECT_EQ(found.code, "replay.does_not_fit");
    EXPECT_EQ(found.message, "no such field");
    EXPECT_EQ(found.where, "name");
    must(letters().settle({id}, "replayed"));
    must(letters().refuse_again({{id, "late", "late", ""}}));
    EXPECT_EQ(must(letters().find(id)).code, "replay.does_not_fit");
    EXPECT_EQ(code_of(letters().find("none")), "dead_letters.not_found");
}

TEST_F(LettersTest, WhatWaitsIsCountedByJob) {
    Letters letters{*store};
    using Counts = std::map<std::string, std::size_t>;
    EXPECT_EQ(must(letters.count_by_job()), Counts{});
    must(letters.add({letter("1"), letter("2"), letter("3", "other")}));
    EXPECT_EQ(must(letters.count_by_job()), (Counts{{"orders", 2}, {"other", 1}}));
    must(letters.settle({must(letters.list({.job = "other"})).at(0).id}, "discarded"));
    EXPECT_EQ(must(letters.count_by_job()), (Counts{{"orders", 2}}));
}

TEST_F(LettersTest, ALetterIsSettledOnce) {
    must(letters().add({letter("1"), letter("2")}));
    std::string const id = must(letters().list({}))[1].id;
    using Ids = std::vector<std::string>;
    EXPECT_EQ(must(letters().settle({id, "none"}, "replayed")), Ids{id});
    EXPECT_EQ(must(letters().settle({id}, "discarded")), Ids{}) << "a second replay finds nothing";
    EXPECT_EQ(positions({}), "2 ");
    EXPECT_EQ(positions({.status = "replayed"}), "1 ");
    EXPECT_EQ(positions({.status = ""}), "2 1 ");
    EXPECT_EQ(must(letters().count("orders")), 1u);
}

TEST_F(LettersTest, WhatWaitsHasALimitAndNothingIsHalfAdded) {
    std::vector<Letter> many;
    for (std::size_t i = 0; i < Letters::letters_per_job_max - 1; ++i)
        many.push_back(letter(std::to_string(i)));
    must(letters().add(many));
    EXPECT_EQ(code_of(letters().add({letter("a"), letter("b")})), "dead_letters.full");
    EXPECT_EQ(must(letters().count("orders")), Letters::letters_per_job_max - 1);
    must(letters().add({letter("a"), letter("0")}));
    must(letters().add({letter("b", "other")}));
}

TEST_F(LettersTest, WhatWasSettledLongAgoGoesAndWhatWaitsStays) {
    must(letters().add({letter("1"), letter("2")}));
    must(letters().settle({must(letters().list({}))[1].id}, "discarded"));
    must(letters().retain());
    EXPECT_EQ(positions({.status = ""}), "2 1 ");
    clock.advance_us((Letters::settled_days_max + 1) * 86'400'000'000);
    must(letters().retain());
    EXPECT_EQ(positions({.status = ""}), "2 ");
}

}  // namespace
}  // namespace weir::test
