#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <thread>

#include "sink_fixture.hpp"

namespace weir::test {

class SqliteFailure : public SqliteSink {
protected:
    Rows& some() {
        if (!batch_) {
            batch_ = std::make_unique<Rows>(people());
            batch_->add(1, "a");
        }
        return *batch_;
    }
    Failure start_failure(std::string const& url, TestCall* call = nullptr) {
        testkit::SinkInstance other = make(url);
        return failure_of([&] { other.begin(upsert(), call ? call->get() : nullptr); });
    }

private:
    std::unique_ptr<Rows> batch_;
};

TEST_F(SqliteFailure, AnotherProgramsLockIsSaid) {
    run(upsert(), some());
    SqliteLock lock{file};
    TestCall call;
    call.deadline_in_ms(30);
    Failure const failure = failure_of([&] { sink.begin(upsert(), call.get()); });
    EXPECT_EQ(failure.status, WEIR_E_BUSY);
    EXPECT_EQ(failure.code, "sqlite.locked");
    EXPECT_NE(std::string{failure.what()}.find("another program holds the write lock on "),
              std::string::npos);
    lock.release();
    EXPECT_NO_THROW(sink.begin(upsert()));
}

TEST_F(SqliteFailure, ALockThatEndsIsWaitedFor) {
    run(upsert(), some());
    auto lock = std::make_unique<SqliteLock>(file);
    std::thread other{[&] {
        lock->release();
        lock.reset();
    }};
    EXPECT_NO_THROW(run(upsert(), some()));
    other.join();
}

TEST_F(SqliteFailure, WaitingEndsWhenTheHostCancels) {
    testkit::Writer writer = sink.start(upsert(), some().schema());
    SqliteLock lock{file};
    TestCall call;
    call.cancel_after(5);  // it waits by then
    Failure const failure = failure_of([&] { writer.write(some(), call.get()); });
    EXPECT_EQ(failure.status, WEIR_E_CANCELLED);
    EXPECT_EQ(failure.code, "sqlite.cancelled");
}

TEST_F(SqliteFailure, ADirectoryIsNoDatabase) {
    EXPECT_EQ(start_failure("sqlite:" + directory.path().string()).code, "sqlite.is_a_directory");
}

TEST_F(SqliteFailure, AMissingDirectoryIsNamed) {
    Failure const failure = start_failure("sqlite:" + (directory / "no/out.db"));
    EXPECT_EQ(failure.code, "sqlite.no_directory");
    EXPECT_EQ(failure.status, WEIR_E_IO);
    EXPECT_TRUE(failure.flags & WEIR_ERR_FINAL);
}

TEST_F(SqliteFailure, AnotherFileIsNoDatabase) {
    write_file(directory / "letter.txt", std::string(5000, 'x'));
    Failure const failure = start_failure("sqlite:" + (directory / "letter.txt"));
    EXPECT_EQ(failure.code, "sqlite.not_a_database");
    EXPECT_EQ(failure.status, WEIR_E_CONFIG);
    EXPECT_EQ(read_file(directory / "letter.txt"), std::string(5000, 'x'));
}

/// No file may grow beyond `bytes` while this lives: what a full disk looks like to one process.
class FileSizeLimit {
public:
    explicit FileSizeLimit(rlim_t bytes) : before_{std::signal(SIGXFSZ, SIG_IGN)} {
        ::getrlimit(RLIMIT_FSIZE, &limit_);
        rlimit const small{bytes, limit_.rlim_max};
        ::setrlimit(RLIMIT_FSIZE, &small);
    }
    ~FileSizeLimit() {
        ::setrlimit(RLIMIT_FSIZE, &limit_);
        std::signal(SIGXFSZ, before_);
    }
    FileSizeLimit(FileSizeLimit const&) = delete;
    FileSizeLimit& operator=(FileSizeLimit const&) = delete;

private:
    void (*before_)(int);
    rlimit limit_{};
};

TEST_F(SqliteFailure, AFullDiskIsSaidAndWhatWasCommittedStays) {
    Rows first{people()}, batch{people()};
    first.add(1, "a");
    run(append(), first, "{\"at\":1}");
    for (int i = 0; i < 5000; ++i) batch.add(i, std::string(400, 'x'));
    for (WriteRequest const& request : {append(), replace()}) {
        testkit::Writer writer = sink.start(request, batch.schema());
        FileSizeLimit const limit{1 << 20};
        Failure const failure = failure_of([&] {
            writer.write(batch);
            writer.commit("{\"at\":2}");
        });
        EXPECT_EQ(failure.code, "sqlite.disk_full") << failure.what();
        EXPECT_EQ(failure.status, WEIR_E_IO);
        EXPECT_TRUE(failure.flags & WEIR_ERR_FINAL);
        writer.close();
    }
    EXPECT_EQ(one("SELECT count(*) FROM people"), "1");
    EXPECT_EQ(one("PRAGMA integrity_check"), "ok");
    EXPECT_EQ(sink.begin(append()).cursor(), "{\"at\":1}");
}

/// Root may write everywhere: as long as this lives the files are looked at by somebody else.
class AsNobody {
public:
    explicit AsNobody(std::filesystem::path const& directory) {
        if (!is_root_) return;
        for (auto const& entry : std::filesystem::directory_iterator{directory})
            EXPECT_EQ(::chown(entry.path().c_str(), nobody, nobody), 0);
        EXPECT_EQ(::chown(directory.c_str(), nobody, nobody), 0);
        EXPECT_EQ(::seteuid(nobody), 0);
    }
    ~AsNobody() {
        if (is_root_ && ::seteuid(0) != 0) std::abort();
    }
    AsNobody(AsNobody const&) = delete;
    AsNobody& operator=(AsNobody const&) = delete;

private:
    static constexpr uid_t nobody = 65534;
    bool const is_root_ = ::geteuid() == 0;
};

TEST_F(SqliteFailure, WhatMayNotBeWrittenIsSaid) {
    run(upsert(), some());
    AsNobody const nobody{directory.path()};
    ::chmod(file.c_str(), 0400);
    EXPECT_EQ(failure_of([&] { sink.begin(upsert()); }).code, "sqlite.not_writable");
    ::chmod(file.c_str(), 0600);
    ::chmod(directory.path().c_str(), 0500);
    Failure const failure = start_failure("sqlite:" + (directory / "new.db"));
    ::chmod(directory.path().c_str(), 0700);
    EXPECT_EQ(failure.code, "sqlite.not_writable");
    EXPECT_EQ(failure.status, WEIR_E_IO);
    EXPECT_TRUE(failure.flags & WEIR_ERR_FINAL);
}

TEST_F(SqliteFailure, ASourceThatMayNotBeReadIsSaid) {
    run(upsert(), some());
    AsNobody const nobody{directory.path()};
    ::chmod(file.c_str(), 0000);
    testkit::SourceInstance source{host, plugin.component(), {{"url", "sqlite:" + file}}};
    EXPECT_EQ(failure_of([&] { source.discover(); }).code, "sqlite.not_readable");
}

TEST_F(SqliteFailure, AMissingSourceIsNotMade) {
    testkit::SourceInstance source{host, plugin.component(), {{"url", "sqlite:" + file}}};
    Failure const failure = failure_of([&] { source.discover(); });
    EXPECT_EQ(failure.code, "sqlite.no_database");
    EXPECT_EQ(failure.status, WEIR_E_IO);
    EXPECT_TRUE(failure.flags & WEIR_ERR_FINAL);
    EXPECT_TRUE(files().empty());
}

TEST_F(SqliteFailure, ManyInstancesLiveSideBySide) {
    std::vector<std::unique_ptr<testkit::SinkInstance>> sinks;
    std::vector<testkit::Writer> writers;
    for (int i = 0; i < 8; ++i) {
        std::string const url = "sqlite:" + (directory / ("db" + std::to_string(i)));
        sinks.push_back(
            std::make_unique<testkit::SinkInstance>(host, plugin.component(), Json{{"url", url}}));
        writers.push_back(sinks.back()->start(upsert(), some().schema()));
    }
    for (testkit::Writer& writer : writers) writer.write(some());
    for (testkit::Writer& writer : writers) writer.commit("{}", true);
    EXPECT_EQ(Sqlite{directory / "db7"}.one("SELECT count(*) FROM people"), "1");
}

}  // namespace weir::test
