#pragma once

#include "sink/postgres_sink.hpp"
#include "source.hpp"

namespace weir::postgres {

/// The connector: one database, to read or to write.
class Postgres final : public PostgresSource, public PostgresSink {
public:
    Postgres(Host host, Config const& config)
        : PostgresSource{host, config}, PostgresSink{host, config} {}

    Json describe() const {
        Json out = PostgresSource::describe();
        out["cursor"] = "atomic";
        return out;
    }
    void interrupt() noexcept {
        PostgresSource::interrupt();
        PostgresSink::interrupt();
    }
};

}  // namespace weir::postgres
