#pragma once

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

namespace weir::postgres {

/// The transactions of the reads that one instance has open. They write nothing, so that no other
/// read of it needs to wait for them. Thread-safe.
class OwnReads {
public:
    /// Whether the virtual transaction of that name is one. No other ever has the name.
    bool contains(std::string const& transaction) const {
        std::lock_guard const lock{mutex_};
        return open_.contains(transaction);
    }

    /// One read's, as long as this lives.
    class Entry {
    public:
        explicit Entry(std::shared_ptr<OwnReads> all) : all_{std::move(all)} {}
        Entry(Entry const&) = delete;
        Entry& operator=(Entry const&) = delete;
        ~Entry() { name({}); }

        OwnReads const& all() const { return *all_; }
        /// In place of the one before.
        void name(std::string transaction) {
            std::lock_guard const lock{all_->mutex_};
            all_->open_.erase(name_);
            name_ = std::move(transaction);
            if (!name_.empty()) all_->open_.insert(name_);
        }

    private:
        std::shared_ptr<OwnReads> all_;
        std::string name_;
    };

private:
    mutable std::mutex mutex_;
    std::set<std::string> open_;
};

}  // namespace weir::postgres
