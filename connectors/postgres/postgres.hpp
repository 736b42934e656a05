#pragma once

#include "sink/postgres_sink.hpp"
#include "source.hpp"

namespace weir::postgres {

/// The connector: one database, to read or to write.
class Postgres final : public PostgresSource, public PostgresSink {
public:
    static constexpr bool sweeps = true;
    Postgres(Host host, Config const& config)
        : PostgresSource{host, config}, PostgresSink{host, config} {}

    Json describe() const {
        Json out = PostgresSource::describe();
        out["cursor"] = "atomic";
        out["structure"] = {"indexes", "foreign_keys", "types", "inheritance"};
        out["schemas"] = !has_one_schema();
        return out;
    }
    void interrupt() noexcept {
        PostgresSource::interrupt();
        PostgresSink::interrupt();
    }
};

}  // namespace weir::postgres
