#pragma once

#include <functional>
#include <memory>
#include <weir/cpp/source.hpp>

#include "reader.hpp"
#include "settings.hpp"

namespace weir::postgres {

/// One PostgreSQL database that can be read.
class PostgresSource : public Source {
public:
    PostgresSource(Host host, Config const& config);

    Json describe() const;
    void discover(Call const& call, std::string_view pattern, Catalog& catalog) override;
    std::unique_ptr<Reader> open(Call const& call, Read const& read) override;
    void interrupt() noexcept { interrupt_.raise(); }

private:
    static constexpr std::size_t previews_max = 10'000;
    static constexpr int lanes = 16;  ///< sessions that one copy may take of a server

    std::unique_ptr<Connection> with_session(Wait const& wait,
                                             std::function<void(Connection&)> const& work);
    /// A snapshot that others take, and the stream whose read holds it.
    struct Exported {
        std::weak_ptr<std::string const> name;
        std::string stream;
    };
    Sharing sharing_of(Read const& read);

    Host host_;
    Settings settings_;
    Metrics metrics_;
    Interrupt interrupt_;
    std::map<std::string, Exported> exported_;  ///< by weir_read's name
    std::map<std::string, Preview, std::less<>> previews_;  ///< of discovered streams, by name
    bool is_at_loopback_ = false;  ///< behind a socket, as discover() learned
    TableReader::Shared shared_;
};

}  // namespace weir::postgres
