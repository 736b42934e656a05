#pragma once

#include <deque>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "host/run/batches.hpp"
#include "host/run/hand_over.hpp"
#include "host/run/parts.hpp"

namespace weir::host {

/// Reads the parts of a stream beside each other, each on a thread of its own, one batch ahead, and
/// hands on what comes, in the order in which it comes. The cursor behind a batch tells of each
/// part how far it was handed on, so that nothing is read twice that was committed; that of the end
/// is the one behind all of them.
class PartedRead final : public Batches {
public:
    /// Opens the reader of a part. Any thread.
    using Open = std::function<Result<ReaderProxy>(Part const&)>;

    /// `readers`: of the first of those parts that are not done, in their order, at least one: so
    /// many are read at once, and where one ends the next is opened. They are read by `call`, which
    /// is that of next() too.
    PartedRead(Parts parts, std::vector<ReaderProxy> readers, Open open, CallContext const& call);
    ~PartedRead() override;

    Result<OwnedSchema> schema() override;
    Result<NextBatch> next(CallContext const& call) override;
    void interrupt() override;

private:
    using SharedSchema = std::shared_ptr<OwnedSchema const>;
    struct Item {
        std::size_t part;
        NextBatch batch;
        SharedSchema schema;  ///< of the batch
    };
    struct Lane {
        std::size_t part;
        ReaderProxy reader;
        SharedSchema schema = {};
        std::future<void> work = {};
    };
    Result<Item> read_one(Lane& lane);
    Result<void> go_on(Lane& lane);
    void read(Lane& lane);
    void begin();
    void take_cursor(Item& item);

    CallContext const& call_;
    Open const open_;
    Parts parts_;                      ///< of next() alone
    std::vector<bool> is_behind_;  ///< rows of a part were handed on that its cursor does not cover
    std::vector<Lane> lanes_;
    std::mutex mutex_;                 ///< guards the readers of lanes, and what follows
    std::deque<std::pair<std::size_t, Part>> unopened_;
    HandOver<Result<Item>> ready_{1, 1};  ///< one for each lane that waited for room
    SharedSchema schema_;
    bool has_begun_ = false;
};

}  // namespace weir::host
