#pragma once

#include <map>
#include <memory>
#include <weir/cpp/sink.hpp>

#include "write_session.hpp"

namespace weir::mysql {

/// One database of a MariaDB or MySQL server that can be written.
class MysqlSink : public Sink {
public:
    MysqlSink(Host host, Config const& config);

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields,
                     bool dry_run) override;
    std::unique_ptr<Writer> begin(Call const& call, Begin const& begin, std::uint64_t& epoch,
                                  std::string& cursor) override;
    std::string peek(Call const& call, Begin const& begin) override;
    void interrupt() noexcept { interrupt_.raise(); }

private:
    /// What the last peek() or begin() for a target said, for the prepare() that follows.
    struct Context {
        std::string owner, spec;
        Memory memory;
        std::weak_ptr<WriteSession> session;
        bool reads_all = false;  ///< see FitRequest
    };

    Seat seat_of(Target const& target) const;

    Host host_;
    Settings settings_;
    Interrupt interrupt_;
    std::map<std::string, Context> contexts_;  ///< by target; a copy has few
};

}  // namespace weir::mysql
