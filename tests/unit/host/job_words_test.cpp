#include "host/run/job_words.hpp"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(JobWords, NameTheFieldOfTheDocument) {
    EXPECT_EQ(in_job_words("name one with --key", "j"), "name one with source.key");
    EXPECT_EQ(in_job_words("--write replace, or another target with --to", "j"),
              "destination.mode replace, or another target with destination.table");
    EXPECT_EQ(in_job_words("copy it with --mode full to start anew", "j"),
              "copy it after a reset of the job to start anew");
    EXPECT_EQ(in_job_words("--fields id,--fields", "j"), "source.fields id,source.fields");
    EXPECT_EQ(in_job_words("--mode full --write replace", "j"), "destination.mode replace");
}

TEST(JobWords, NameTheCommandThatDoesIt) {
    EXPECT_EQ(in_job_words("--mode full, then --mode reconcile", "users"),
              "weir job reset users, then weir job run users --mode reconcile");
    EXPECT_EQ(in_job_words("--mode reconcile --compare values", "u"),
              "weir job run u --mode reconcile, with reconcile.compare values");
    auto const suggested = [](char const* code) {
        return in_job_words(
                   Error{WEIR_E_CONFLICT, code, "no"}.suggest("add --force if that is meant"), "u")
            .suggestion;
    };
    EXPECT_EQ(suggested("copy.replace_empty"), "weir job run u --force, if that is meant");
    EXPECT_EQ(suggested("reconcile.source_empty"),
              "weir job run u --mode reconcile --force, if that is meant");
}

TEST(JobWords, LeaveEverythingElse) {
    for (char const* sentence : {"", "nothing to say", "a--key", "--keys", "--to-be", "--unknown"})
        EXPECT_EQ(in_job_words(sentence, "j"), sentence);
}

}  // namespace
}  // namespace weir::host
