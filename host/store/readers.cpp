#include "host/store/readers.hpp"

#include <sqlite3.h>

#include "host/store/failure.hpp"

namespace weir::host {

namespace {

Result<void> run(Session& session, Store::Work const& work) {
    try {
        session.run("BEGIN");
        Result<void> outcome = work(session);
        if (session.is_in_transaction()) session.run("ROLLBACK");
        return outcome;
    } catch (std::exception const& thrown) {
        return store_failure(thrown, session);
    }
}

}  // namespace

Readers::Readers(std::filesystem::path file, Topics const& topics)
    : file_{std::move(file)}, topics_{topics} {}

Result<void> Readers::read(Store::Work const& work) {
    std::unique_ptr<Session> session = take();
    Result<void> outcome;
    try {
        if (!session) session = std::make_unique<Session>(file_, Session::Mode::reads, topics_);
        outcome = run(*session, work);
    } catch (std::exception const& thrown) {
        outcome = open_failure(thrown, file_);
    }
    if (session && session->is_in_transaction())
        sqlite3_exec(session->handle(), "ROLLBACK", nullptr, nullptr, nullptr);
    give_back(std::move(session));
    return outcome;
}

/// A free connection; null: the caller makes one.
std::unique_ptr<Session> Readers::take() {
    std::unique_lock lock{mutex_};
    freed_.wait(lock, [&] { return out_ < sessions_max; });
    ++out_;
    if (free_.empty()) return nullptr;
    std::unique_ptr<Session> session = std::move(free_.back());
    free_.pop_back();
    return session;
}

void Readers::give_back(std::unique_ptr<Session> session) {
    std::lock_guard const lock{mutex_};
    --out_;
    if (session) free_.push_back(std::move(session));
    freed_.notify_one();
}

}  // namespace weir::host
