#pragma once

#include "sink/mysql_sink.hpp"
#include "source.hpp"

namespace weir::mysql {

/// The connector: one server, to read or to write.
class Mysql final : public MysqlSource, public MysqlSink {
public:
    static constexpr bool sweeps = true;

    Mysql(Host host, Config const& config) : MysqlSource{host, config}, MysqlSink{host, config} {}

    Json describe() const {
        Json out = MysqlSource::describe();
        out["cursor"] = "atomic";
        out["structure"] = {"indexes", "foreign_keys"};
        return out;
    }
    void interrupt() noexcept {
        MysqlSource::interrupt();
        MysqlSink::interrupt();
    }
};

}  // namespace weir::mysql
