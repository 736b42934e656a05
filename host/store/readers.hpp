#pragma once

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <vector>

#include "host/store/session.hpp"
#include "host/store/store.hpp"

namespace weir::host {

/// The connections that read, made when they are first needed. Thread-safe.
class Readers {
public:
    static constexpr std::size_t sessions_max = 4;

    Readers(std::filesystem::path file, Topics const& topics);

    /// Waits for a free connection, runs `work` on one state of the database.
    Result<void> read(Store::Work const& work);

private:
    std::unique_ptr<Session> take();
    void give_back(std::unique_ptr<Session> session);

    std::filesystem::path file_;
    Topics const& topics_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<std::unique_ptr<Session>> free_;
    std::size_t out_ = 0;
};

}  // namespace weir::host
