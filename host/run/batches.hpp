#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "host/abi/source_proxy.hpp"

namespace weir::host {

/// What a pump reads: the batches of one reader, or of several beside each other. Used by one
/// thread at a time, but for interrupt().
class Batches {
public:
    virtual ~Batches() = default;
    /// See ReaderProxy.
    virtual Result<OwnedSchema> schema() = 0;
    virtual Result<NextBatch> next(CallContext const& call) = 0;
    virtual void interrupt() = 0;
};

/// Those of one reader.
class OneRead final : public Batches {
public:
    explicit OneRead(ReaderProxy reader) : reader_{std::move(reader)} {}
    Result<OwnedSchema> schema() override { return reader_.schema(); }
    Result<NextBatch> next(CallContext const& call) override { return reader_.next(call); }
    void interrupt() override { reader_.interrupt(); }

private:
    ReaderProxy reader_;
};

/// Those of one read, and behind its end those of another, which begins where the first one ended.
class InTurn final : public Batches {
public:
    using Open = std::function<Result<std::unique_ptr<Batches>>(std::string const& cursor)>;

    InTurn(std::unique_ptr<Batches> first, Open open)
        : now_{std::move(first)}, open_{std::move(open)} {}
    Result<OwnedSchema> schema() override { return now_->schema(); }
    Result<NextBatch> next(CallContext const& call) override;
    void interrupt() override;

private:
    Result<NextBatch> change(CallContext const& call, std::string const& cursor);

    std::mutex mutex_;  // guards which one it is
    std::unique_ptr<Batches> now_;
    Open open_;  // none: the first one has ended
};

}  // namespace weir::host
