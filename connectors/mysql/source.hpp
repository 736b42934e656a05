#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <weir/cpp/source.hpp>

#include "reader.hpp"
#include "settings.hpp"
#include "shared_session.hpp"

namespace weir::mysql {

/// One MariaDB or MySQL server that can be read.
class MysqlSource : public Source {
public:
    MysqlSource(Host host, Config const& config);

    Json describe() const;
    void discover(Call const& call, std::string_view pattern, Catalog& catalog) override;
    std::unique_ptr<Reader> open(Call const& call, Read const& read) override;
    void interrupt() noexcept { interrupt_.raise(); }

private:
    std::unique_ptr<Connection> with_session(Wait const& wait,
                                             std::function<void(Connection&)> const& work);
    void tell_hidden(Snapshot const& snapshot, Read const& read);
    std::unique_ptr<Reader> open_shared(Read const& read, Wait const& wait);

    Host host_;
    Settings settings_;
    Metrics metrics_;
    Interrupt interrupt_;
    std::shared_ptr<Spare> spare_ = std::make_shared<Spare>();
    std::map<std::string, std::weak_ptr<SharedSession>> shared_;  ///< by the name of the state
    std::set<std::string> told_;  ///< streams of which fields are left out
};

}  // namespace weir::mysql
