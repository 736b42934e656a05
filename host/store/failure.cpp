#include "host/store/failure.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace weir::host {

namespace {

bool is_full(int rc, int system_errno) {
    if ((rc & 0xff) == SQLITE_FULL) return true;
    bool const is_room = system_errno == ENOSPC || system_errno == EFBIG || system_errno == EDQUOT;
    return (rc & 0xff) == SQLITE_IOERR && is_room;
}

}  // namespace

Error store_failure(std::exception const& thrown, Session const& session) {
    int const rc = sqlite3_extended_errcode(session.handle());
    int const primary = rc & 0xff;
    if (is_full(rc, sqlite3_system_errno(session.handle())))
        return {WEIR_E_IO, "store.disk_full",
                "the disk of the data directory is full; make room, and work goes on by itself"};
    if (dynamic_cast<std::bad_alloc const*>(&thrown) || primary == SQLITE_NOMEM)
        return {WEIR_E_NOMEM, "host.memory", "out of memory"};
    if (primary == SQLITE_BUSY || primary == SQLITE_LOCKED)
        return {WEIR_E_BUSY, "store.busy",
                "another program holds the state's database locked; close it"};
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
        return {WEIR_E_IO, "store.damaged",
                fmt::format("the state's database is damaged ({}); restore a copy of it",
                            sqlite3_errstr(rc))};
    if (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN || primary == SQLITE_READONLY)
        return {
            WEIR_E_IO, "store.io",
            fmt::format("the state's database cannot be read or written: {}", sqlite3_errstr(rc))};
    return {WEIR_E_INTERNAL, "store.bug", thrown.what()};
}

Error open_failure(std::exception const& thrown, std::filesystem::path const& file) {
    return {
        WEIR_E_IO, "store.open",
        fmt::format("the state's database {} cannot be opened: {}", file.string(), thrown.what())};
}

}  // namespace weir::host
