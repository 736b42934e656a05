#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <weir/cpp/module.hpp>

#include "session.hpp"

namespace weir::adbc {

/// The connector: one database behind one driver, to read or to write. Opens a connection per
/// read, write or question and keeps none.
class Adbc : public Source, public Sink {
public:
    Adbc(Host host, Config const& config) : host_{host}, settings_{Settings::of(config)} {}

    Json describe() const;
    void interrupt() noexcept;

    void discover(Call const& call, std::string_view pattern, Catalog& catalog) override;
    std::unique_ptr<Reader> open(Call const& call, Read const& read) override;

    Prepared prepare(Call const& call, Target const& target, std::vector<FieldView> const& fields,
                     bool dry_run) override;
    std::unique_ptr<Writer> begin(Call const& call, Begin const& begin, std::uint64_t& epoch,
                                  std::string& cursor) override;
    std::string peek(Call const& call, Begin const& begin) override;

private:
    /// A connection that interrupt() reaches for as long as this lives.
    class Reach {
    public:
        Reach(Adbc& adbc, Call const& call);
        ~Reach();
        Reach(Reach const&) = delete;
        Reach& operator=(Reach const&) = delete;

        Connection db;

    private:
        Adbc& adbc_;
    };

    bool is_missing() const;
    std::string home(Dialect const& dialect) const;

    Host host_;
    Settings const settings_;
    std::mutex reaching_;
    Connection* reached_ = nullptr;
    std::map<std::string, std::weak_ptr<Session>> sessions_;  // by target
    std::map<std::string, std::string> owners_;               // as the last peek() said
};

}  // namespace weir::adbc
