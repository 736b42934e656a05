#pragma once

#include <memory>

#include "session.hpp"

namespace weir::sqlite {

/// The Writer of the SDK over a Session, which it gives up at its end: what is not committed is
/// rolled back then.
class TableWriter : public Writer {
public:
    explicit TableWriter(std::shared_ptr<Session> session) : session_{std::move(session)} {}
    void write(Call const& call, std::vector<FieldView> const& fields, ArrowArray const& batch,
               Rejects rejects) override {
        session_->write(call, fields, batch, rejects);
    }
    std::uint64_t commit(Call const& call, Commit const& commit) override {
        return session_->commit(call, commit);
    }
    void interrupt() noexcept override { session_->interrupt(); }

private:
    std::shared_ptr<Session> session_;
};

}  // namespace weir::sqlite
