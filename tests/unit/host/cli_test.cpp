#include <gtest/gtest.h>

#include "host/cli/exit_code.hpp"
#include "host/cli/options.hpp"

namespace weir::host {
namespace {

Result<Command> parse(std::vector<char const*> arguments) {
    arguments.insert(arguments.begin(), "weir");
    return parse_arguments(static_cast<int>(arguments.size()), arguments.data());
}
CopyRequest request_of(std::vector<char const*> more) {
    std::vector<char const*> arguments{"copy", "a:", "b:"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    Result<Command> const command = parse(arguments);
    EXPECT_TRUE(command) << command.error().message;
    return command->copy.request;
}

TEST(Arguments, CopyHasDefaults) {
    CopyRequest const request = request_of({});
    EXPECT_EQ(request.source_url, "a:");
    EXPECT_EQ(request.sink_url, "b:");
    EXPECT_FALSE(request.mode || request.write || request.limit || request.batch_rows);
    EXPECT_EQ(request.on_error, OnError::stop);
    EXPECT_EQ(request.dead_letters, "weir-dead-letters.jsonl");
}

TEST(Arguments, EveryOptionOfCopyIsRead) {
    CopyRequest const request =
        request_of({"--stream",      "public.users", "--to",           "people",
                    "--mode",        "delta",        "--write",        "append",
                    "--cursor",      "updated_at",   "--key",          "a,b",
                    "--fields",      "a,b,c",        "--batch-rows",   "7",
                    "--batch-bytes", "100",          "--limit",        "9",
                    "--on-error",    "dead_letter",  "--dead-letters", "x.jsonl",
                    "--force",       "--dry-run"});
    EXPECT_EQ(request.streams, (std::vector<std::string>{"public.users"}));
    EXPECT_EQ(request.to, "people");
    EXPECT_EQ(request.mode, ReadMode::delta);
    EXPECT_EQ(request.write, WriteMode::append);
    EXPECT_EQ(request.cursor, "updated_at");
    EXPECT_EQ(request.key, (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(request.fields, (std::vector<std::string>{"a", "b", "c"}));
    EXPECT_EQ(request.batch_rows, 7u);
    EXPECT_EQ(request.batch_bytes, 100u);
    EXPECT_EQ(request.limit, 9);
    EXPECT_EQ(request.on_error, OnError::dead_letter);
    EXPECT_EQ(request.dead_letters, "x.jsonl");
    EXPECT_TRUE(request.force && request.dry_run);
}

TEST(Arguments, StreamsAddUp) {
    EXPECT_EQ(request_of({"--stream", "a.*", "--stream", "b"}).streams,
              (std::vector<std::string>{"a.*", "b"}));
}

TEST(Arguments, WhatIsWrongIsUsageWithTheNearestName) {
    struct {
        std::vector<char const*> arguments;
        char const* suggestion;
    } const cases[] = {
        {{"copy", "a:", "b:", "--steam", "x"}, "--stream"},
        {{"copy", "a:", "b:", "--mode", "fulll"}, "full"},
        {{"copy", "a:", "b:", "--write", "upsrt"}, "upsert"},
        {{"cpoy", "a:", "b:"}, "copy"},
    };
    for (auto const& one : cases) {
        Result<Command> const command = parse(one.arguments);
        ASSERT_FALSE(command) << one.suggestion;
        EXPECT_EQ(exit_of(command.error()), Exit::usage);
        EXPECT_NE(command.error().suggestion.find(one.suggestion), std::string::npos)
            << command.error().suggestion;
    }
}

TEST(Arguments, WhatIsMissingOrMuchIsUsage) {
    for (std::vector<char const*> const& arguments :
         std::vector<std::vector<char const*>>{{},
                                               {"copy"},
                                               {"copy", "a:"},
                                               {"copy", "a:", "b:", "c:"},
                                               {"copy", "a:", "b:", "--limit"},
                                               {"copy", "a:", "b:", "--limit", "0"},
                                               {"copy", "a:", "b:", "--batch-rows", "x"}}) {
        Result<Command> const command = parse(arguments);
        ASSERT_FALSE(command) << arguments.size();
        EXPECT_EQ(exit_of(command.error()), Exit::usage);
    }
}

TEST(Arguments, JsonIsKnownEvenWhenTheRestIsWrong) {
    char const* const arguments[] = {"weir", "cpoy", "--json"};
    EXPECT_TRUE(wants_json(3, arguments));
    EXPECT_FALSE(wants_json(2, arguments));
}

TEST(ExitCode, SaysWhoseMoveItIs) {
    struct {
        weir_status status;
        Exit exit;
    } const cases[] = {
        {WEIR_E_CONFIG, Exit::usage},          {WEIR_E_UNSUPPORTED, Exit::usage},
        {WEIR_E_NOT_FOUND, Exit::usage},       {WEIR_E_AUTH, Exit::environment},
        {WEIR_E_IO, Exit::environment},        {WEIR_E_TIMEOUT, Exit::environment},
        {WEIR_E_BUSY, Exit::environment},      {WEIR_E_NOMEM, Exit::environment},
        {WEIR_E_DATA, Exit::failed},           {WEIR_E_SCHEMA, Exit::failed},
        {WEIR_E_CONFLICT, Exit::failed},       {WEIR_E_FENCED, Exit::failed},
        {WEIR_E_INTERNAL, Exit::failed},       {WEIR_E_STATE, Exit::failed},
        {WEIR_E_CANCELLED, Exit::interrupted}, {-1000, Exit::failed},
    };
    for (auto const& one : cases)
        EXPECT_EQ(exit_of(Error{one.status, "code", "sentence"}), one.exit) << one.status;
}

}  // namespace
}  // namespace weir::host
