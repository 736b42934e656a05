#pragma once

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

}  // namespace weir::host
