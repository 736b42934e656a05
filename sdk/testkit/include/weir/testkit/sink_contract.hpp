#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "weir/testkit/quirks.hpp"

namespace weir::testkit {

/// What every sink must do; instantiated by WEIR_TEST_SINK.
template <class Q>
class SinkContract : public testing::Test {
protected:
    SinkContract()
        : plugin{quirks.library()},
          sink{std::make_unique<SinkInstance>(host, plugin.component(quirks.component()),
                                              quirks.config())} {}

    static Schema people() {
        return {{"id", Type::int64, false, "bigint"}, {"name", Type::utf8, true, "text"}};
    }
    static WriteRequest append() { return {.target = "people"}; }
    static WriteRequest upsert() {
        return {.target = "people", .write_mode = WEIR_WRITE_UPSERT, .key = {"id"}};
    }
    static WriteRequest replace() {
        return {.target = "people",
                .write_mode = WEIR_WRITE_REPLACE,
                .key = {"id"},
                .flags = WEIR_BEGIN_STAGED};
    }

    /// One run of one batch.
    std::uint64_t run(WriteRequest const& request, Rows& rows, std::string const& cursor = "",
                      bool final = true) {
        Writer writer = sink->start(request, rows.schema());
        writer.write(rows);
        return writer.commit(cursor, final);
    }
    std::vector<Record> content() { return quirks.content("people"); }

    template <class Work>
    void expect_failure(weir_status wanted, Work&& work, std::string const& code = {}) {
        try {
            work();
            ADD_FAILURE() << "went well, wanted " << wanted;
        } catch (Failure const& failure) {
            EXPECT_EQ(failure.status, wanted) << failure.what();
            EXPECT_FALSE(failure.code.empty()) << failure.what();
            if (!code.empty()) {
                EXPECT_EQ(failure.code, code) << failure.what();
            }
        }
    }

    Q quirks;
    TestHost host;
    Plugin plugin;
    std::unique_ptr<SinkInstance> sink;
};

using Content = std::vector<Record>;

}  // namespace weir::testkit
