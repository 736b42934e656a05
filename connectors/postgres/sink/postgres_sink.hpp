#pragma once

#include <map>
#include <memory>
#include <weir/cpp/sink.hpp>

#include "write_session.hpp"

namespace weir::postgres {

/// One PostgreSQL database that can be written: tables of the schema that the configuration names,
/// or else that the target does (Target::structure, "schema").
class PostgresSink : public Sink {
public:
    PostgresSink(Host host, Config const& config);

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields,
                     bool dry_run) override;
    std::unique_ptr<Writer> begin(Call const& call, Begin const& begin, std::uint64_t& epoch,
                                  std::string& cursor) override;
    std::string peek(Call const& call, Begin const& begin) override;
    void interrupt() noexcept { interrupt_.raise(); }
    /// Whether all targets lie in the schema that the configuration names.
    bool has_one_schema() const { return settings_.names_schema(); }

private:
    /// What the last peek() or begin() for a target said, for the prepare() that follows.
    struct Context {
        std::string owner, spec;
        Memory memory;
        std::weak_ptr<WriteSession> session;
        bool reads_all = false;  ///< see FitRequest
    };

    Place place_of(Target const& target) const;
    Context& context_of(Target const& target) { return contexts_[place_of(target).sql()]; }
    template <class Work>
    auto on_session(Wait const& wait, Work&& work);
    Json checkpoint_on(Connection& connection, Begin const& begin, Wait const& wait);
    Prepared prepare_alone(Connection& connection, Wait const& wait, FitRequest request,
                           bool dry_run);

    Host host_;
    Settings settings_;
    Interrupt interrupt_;
    std::map<std::string, Context> contexts_;  ///< by target; a copy has few
    std::shared_ptr<Spare> spare_ = std::make_shared<Spare>();
};

}  // namespace weir::postgres
