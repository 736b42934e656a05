#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "sink.hpp"

namespace weir {

/// The Writer over a session of yours, which the sink may hold too: it is given up when the writer
/// is closed, and what is not committed is rolled back with its last holder. `Session` has write,
/// commit and interrupt as a Writer has, and sweep where its sink can compare.
template <class Session>
class SessionWriter final : public Writer {
public:
    explicit SessionWriter(std::shared_ptr<Session> session) : session_{std::move(session)} {}
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects rejects) override {
        session_->write(call, fields, batch, rejects);
    }
    std::uint64_t commit(Call const& call, Commit const& commit) override {
        return session_->commit(call, commit);
    }
    Swept sweep(Call const& call, Sweep const& sweep) override {
        if constexpr (requires { session_->sweep(call, sweep); })
            return session_->sweep(call, sweep);
        else
            return Writer::sweep(call, sweep);
    }
    void interrupt() noexcept override { session_->interrupt(); }

private:
    std::shared_ptr<Session> session_;
};

}  // namespace weir
