#include "host/run/job_words.hpp"

#include <gtest/gtest.h>

namespace weir::host {
namespace {

TEST(JobWords, NameTheFieldOfTheDocument) {
    EXPECT_EQ(in_job_words("name one with --key"), "name one with source.key");
    EXPECT_EQ(in_job_words("--write replace, or another target with --to"),
              "destination.mode replace, or another target with destination.table");
    EXPECT_EQ(in_job_words("copy it with --mode full to start anew"),
              "copy it after a reset of the job to start anew");
    EXPECT_EQ(in_job_words("--fields id,--fields"), "source.fields id,source.fields");
}

TEST(JobWords, LeaveEverythingElse) {
    for (char const* sentence : {"", "nothing to say", "a--key", "--keys", "--to-be", "--unknown"})
        EXPECT_EQ(in_job_words(sentence), sentence);
}

}  // namespace
}  // namespace weir::host
