#include "refusal.hpp"

#include <mysqld_error.h>

#include "connectors/mysql/names.hpp"

namespace weir::mysql {
namespace {

constexpr unsigned er_constraint_failed = 4025, er_constraint_failed_of_mysql = 3819;
constexpr unsigned er_no_local_files = 4166, er_no_local_files_of_mysql = 3948;

char const* row_code(unsigned number) {
    switch (number) {
        case ER_DUP_ENTRY:
        case ER_DUP_ENTRY_WITH_KEY_NAME: return "mysql.unique";
        case ER_BAD_NULL_ERROR:
        case ER_NO_DEFAULT_FOR_FIELD: return "mysql.not_null";
        case er_constraint_failed:
        case er_constraint_failed_of_mysql: return "mysql.check";
        case ER_NO_REFERENCED_ROW_2:
        case ER_ROW_IS_REFERENCED_2: return "mysql.foreign_key";
        case ER_SIGNAL_EXCEPTION: return "mysql.trigger";
        default: return "mysql.value";
    }
}

/// "Incorrect datetime value: '9999-12-31' for column `shop`.`orders`.`until` at row 1" -> until
std::string column_named(std::string const& text) {
    std::size_t const end = text.rfind('`');
    std::size_t const begin = end == text.npos || end == 0 ? text.npos : text.rfind('`', end - 1);
    return begin == text.npos ? "" : text.substr(begin + 1, end - begin - 1);
}

}  // namespace

bool is_about_row(Said const& said) {
    switch (said.number) {
        case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
        case ER_INVALID_CHARACTER_STRING:
        case ER_NO_DEFAULT_FOR_FIELD:
        case ER_CANT_CREATE_GEOMETRY_OBJECT:
        case ER_NO_PARTITION_FOR_GIVEN_VALUE:
        case ER_TOO_BIG_ROWSIZE:
        case er_constraint_failed_of_mysql:
        case WARN_DATA_TRUNCATED: return true;
        default: break;
    }
    std::string_view const state = said.sqlstate;
    return state.starts_with("22") || state.starts_with("23") || state.starts_with("45");
}

bool is_no_load(Said const& said) {
    return said.number == ER_NOT_ALLOWED_COMMAND || said.number == er_no_local_files ||
           said.number == er_no_local_files_of_mysql;
}

bool may_wait(Said const& said) {
    return is_repeat(said) || said.number == ER_NO_REFERENCED_ROW_2;
}

bool is_repeat(Said const& said) {
    return said.number == ER_DUP_ENTRY || said.number == ER_DUP_ENTRY_WITH_KEY_NAME;
}

bool is_denied(Said const& said) { return said.number == ER_TABLEACCESS_DENIED_ERROR; }

Error row_refusal(Said const& said, std::string const& row, std::string const& table) {
    Error error{WEIR_E_DATA, row + " was refused by " + table + ": " + said.text,
                column_named(said.text)};
    error.sqlstate = said.sqlstate;
    error.native_code = static_cast<std::int32_t>(said.number);
    return std::move(error).coded(row_code(said.number));
}

Error write_failure(Settings const& settings, Said const& said, std::string const& table) {
    std::string const about = table + ": " + said.text;
    auto const sorted = [&said](Error error) {
        error.sqlstate = said.sqlstate;
        error.native_code = static_cast<std::int32_t>(said.number);
        return error;
    };
    switch (said.number) {
        case ER_TABLEACCESS_DENIED_ERROR:
        case ER_COLUMNACCESS_DENIED_ERROR:
        case ER_DBACCESS_DENIED_ERROR:
            return sorted(Error{WEIR_E_AUTH, "\"" + settings.user() + "\" may not write " + about}
                              .coded("mysql.privilege")
                              .suggest("GRANT ALL ON " + identifier(settings.database()) +
                                       ".* TO " + literal(settings.user())));
        case ER_OPTION_PREVENTS_STATEMENT:
        case ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION:
            return sorted(Error{WEIR_E_UNSUPPORTED, "the server at " + settings.address() +
                                                        " takes no writes: " + said.text}
                              .coded("mysql.read_only"));
        case ER_NO_SUCH_TABLE:
            return sorted(Error{WEIR_E_CONFLICT,
                                "table " + table + " was dropped while it was copied into; run "
                                                   "again to read everything from the beginning"}
                              .coded("mysql.target_replaced"));
        case ER_TOO_LONG_KEY:
        case ER_TOO_BIG_ROWSIZE:
        case ER_TOO_MANY_FIELDS:
        case ER_TOO_BIG_FIELDLENGTH:
            return sorted(Error{WEIR_E_SCHEMA, "the server cannot make table " + about}
                              .coded("mysql.table_limit")
                              .suggest(said.number == ER_TOO_LONG_KEY
                                           ? "make the table yourself with shorter columns in its "
                                             "key, as short as its texts are, and copy into that; "
                                             "or name another key with --key"
                                           : "leave columns out with --fields, or make the table "
                                             "yourself as the server takes it and copy into that"));
        case ER_NET_PACKET_TOO_LARGE:
            return sorted(Error{WEIR_E_IO, about}
                              .for_good()
                              .coded("mysql.too_large")
                              .suggest("raise max_allowed_packet of the server"));
        case ER_LOCK_WAIT_TIMEOUT:
        case ER_LOCK_DEADLOCK: return sorted(Error{WEIR_E_BUSY, about}.coded("mysql.locked"));
        case ER_QUERY_INTERRUPTED:
        case ER_STATEMENT_TIMEOUT:
            return sorted(Error{WEIR_E_TIMEOUT, about}.coded("mysql.cancelled"));
        default: return sorted(Error{WEIR_E_IO, about}.coded("mysql.failed"));
    }
}

Error fenced(std::string const& table) {
    return Error{WEIR_E_FENCED, "a newer run of the same copy has taken over " + table +
                                    "; this one stops and leaves the rest to it"}
        .coded("sink.fenced");
}

}  // namespace weir::mysql
