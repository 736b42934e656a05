#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "support/connectors.hpp"
#include "support/mariadb_server.hpp"
#include "weir/testkit/driver.hpp"

namespace weir::test {

using testkit::Json;
using testkit::ReadRequest;
using Records = std::vector<testkit::Record>;

/// A database of its own, its owner's session, and the connector on it.
class MysqlTest : public testing::Test {
protected:
    MysqlTest() { source_ = connect(server_.url(database_)); }

    std::unique_ptr<testkit::SourceInstance> connect(std::string const& url) {
        return std::make_unique<testkit::SourceInstance>(host_, plugin_.component(),
                                                         Json{{"url", url}});
    }
    /// As root, in this test's database.
    void admin(std::string const& sql) { server_.connect(database_).run(sql); }
    std::string stream(std::string const& table) const { return database_ + "." + table; }

    testkit::FoundStream discover_one(std::string const& name) {
        std::vector<testkit::FoundStream> found = source_->discover(name.c_str());
        if (found.size() != 1) throw std::runtime_error{name + ": " + std::to_string(found.size())};
        return std::move(found[0]);
    }
    Records read(ReadRequest const& request) { return source_->open(request).rest(); }

    /// Every value of the first column.
    static std::vector<std::string> firsts(Records const& records) {
        std::vector<std::string> out;
        for (testkit::Record const& record : records) out.push_back(record.at(0).value_or("null"));
        return out;
    }

    /// What a run against a sink leaves: the records committed, and the position.
    struct Run {
        Records records;
        std::string cursor;
        int batches = 0;
    };
    /// Reads to the end; with `batches_max`, as if killed after so many: what was not committed by
    /// a cursor is lost.
    Run run(ReadRequest const& request, int batches_max = INT32_MAX) {
        Run out;
        out.cursor = request.cursor;
        testkit::Reader reader = source_->open(request);
        Records open;
        while (out.batches < batches_max) {
            std::optional<testkit::ReadBatch> batch = reader.next();
            if (!batch) {
                out.cursor = reader.end_cursor().value_or("");
                append(out.records, open);
                return out;
            }
            ++out.batches;
            append(open, batch->records());
            if (!batch->cursor()) continue;
            out.cursor = *batch->cursor();
            append(out.records, open);
            open.clear();
        }
        return out;
    }
    /// Killed after every batch, until a run comes to its end.
    Run run_with_kills(ReadRequest request) {
        Run all;
        for (int kills = 0; kills < 5000; ++kills) {
            Run const part = run(request, 1);
            append(all.records, part.records);
            all.cursor = request.cursor = part.cursor;
            if (part.batches == 0) return all;
        }
        throw std::runtime_error{"no end"};
    }
    static void append(Records& to, Records const& from) {
        to.insert(to.end(), from.begin(), from.end());
    }

    /// The failure of `work`.
    template <class Work>
    testkit::Failure failure(Work&& work) {
        try {
            work();
        } catch (testkit::Failure const& failed) {
            return failed;
        }
        throw std::runtime_error{"nothing failed"};
    }

    MariadbServer& server_ = MariadbServer::shared();
    std::string database_ = server_.fresh();
    My owner_ = server_.connect_as_owner(database_);
    testkit::TestHost host_;
    testkit::Plugin plugin_{connector_path("mysql")};
    std::unique_ptr<testkit::SourceInstance> source_;
};

}  // namespace weir::test
