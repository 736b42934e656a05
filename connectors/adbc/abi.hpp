#pragma once

#include <cstddef>
#include <cstdint>
#include <weir/arrow.h>

/// The part of ADBC's C interface that is called here, laid out as its specification has it
/// (https://arrow.apache.org/adbc/current/cpp/api/adbc.html). Members that nothing calls are named
/// and have no signature. No symbol of the name Adbc* is defined.
namespace weir::adbc::abi {

using Status = std::uint8_t;
enum : Status {
    ok = 0,
    unknown = 1,
    not_implemented = 2,
    not_found = 3,
    already_exists = 4,
    invalid_argument = 5,
    invalid_state = 6,
    invalid_data = 7,
    integrity = 8,
    internal = 9,
    io = 10,
    cancelled = 11,
    timeout = 12,
    unauthenticated = 13,
    unauthorized = 14
};

inline constexpr int version_1_0 = 1'000'000;
inline constexpr int version_1_1 = 1'001'000;

struct Driver;

struct Error {
    char* message;
    std::int32_t vendor_code;
    char sqlstate[5];
    void (*release)(Error*);
    void* private_data;       // since 1.1
    Driver* private_driver;  // since 1.1
};

struct Database {
    void* private_data;
    Driver* private_driver;
};
struct Connection {
    void* private_data;
    Driver* private_driver;
};
struct Statement {
    void* private_data;
    Driver* private_driver;
};

/// The Arrow C Stream Interface.
struct Stream {
    int (*get_schema)(Stream*, ArrowSchema*);
    int (*get_next)(Stream*, ArrowArray*);
    char const* (*get_last_error)(Stream*);
    void (*release)(Stream*);
    void* private_data;
};

using Unused = void (*)();

struct Driver {
    void* private_data;
    void* private_manager;
    Status (*release)(Driver*, Error*);

    Status (*database_init)(Database*, Error*);
    Status (*database_new)(Database*, Error*);
    Status (*database_set_option)(Database*, char const*, char const*, Error*);
    Status (*database_release)(Database*, Error*);

    Status (*connection_commit)(Connection*, Error*);
    Status (*connection_get_info)(Connection*, std::uint32_t const*, std::size_t, Stream*, Error*);
    Status (*connection_get_objects)(Connection*, int, char const*, char const*, char const*,
                                     char const**, char const*, Stream*, Error*);
    Status (*connection_get_table_schema)(Connection*, char const*, char const*, char const*,
                                          ArrowSchema*, Error*);
    Unused connection_get_table_types;
    Status (*connection_init)(Connection*, Database*, Error*);
    Status (*connection_new)(Connection*, Error*);
    Status (*connection_set_option)(Connection*, char const*, char const*, Error*);
    Unused connection_read_partition;
    Status (*connection_release)(Connection*, Error*);
    Status (*connection_rollback)(Connection*, Error*);

    Status (*statement_bind)(Statement*, ArrowArray*, ArrowSchema*, Error*);
    Status (*statement_bind_stream)(Statement*, Stream*, Error*);
    Status (*statement_execute_query)(Statement*, Stream*, std::int64_t*, Error*);
    Unused statement_execute_partitions;
    Unused statement_get_parameter_schema;
    Status (*statement_new)(Connection*, Statement*, Error*);
    Status (*statement_prepare)(Statement*, Error*);
    Status (*statement_release)(Statement*, Error*);
    Status (*statement_set_option)(Statement*, char const*, char const*, Error*);
    Status (*statement_set_sql_query)(Statement*, char const*, Error*);
    Unused statement_set_substrait_plan;

    // Since 1.1.
    Unused error_get_detail_count, error_get_detail, error_from_array_stream;
    Unused database_get_option, database_get_option_bytes, database_get_option_double,
        database_get_option_int, database_set_option_bytes, database_set_option_double,
        database_set_option_int;
    Status (*connection_cancel)(Connection*, Error*);
    Unused connection_get_option, connection_get_option_bytes, connection_get_option_double,
        connection_get_option_int, connection_get_statistics, connection_get_statistic_names,
        connection_set_option_bytes, connection_set_option_double, connection_set_option_int;
    Status (*statement_cancel)(Statement*, Error*);
    Unused statement_execute_schema, statement_get_option, statement_get_option_bytes,
        statement_get_option_double, statement_get_option_int, statement_set_option_bytes,
        statement_set_option_double, statement_set_option_int;
};

static_assert(offsetof(Driver, error_get_detail_count) == 29 * sizeof(void*));
static_assert(sizeof(Driver) == 58 * sizeof(void*));
static_assert(offsetof(Error, release) == 24 && sizeof(Error) == 48);

/// What a driver's entry point is.
using Entry = Status (*)(int version, void* driver, Error*);

}  // namespace weir::adbc::abi
