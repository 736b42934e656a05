#include "driver.hpp"

#include <dlfcn.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

#include "elf.hpp"

namespace weir::adbc {
namespace {

constexpr char duckdb_entry[] = "duckdb_adbc_init";

[[noreturn]] void refuse(Settings const& settings, std::string const& why, char const* where) {
    throw Error{WEIR_E_CONFIG, "the driver " + settings.driver + " " + why, where}.coded(
        "adbc.driver");
}

/// The first line: what comes behind it points into a statement that nobody has written.
std::string sentence(std::string said) {
    said.erase(std::min(said.find('\n'), said.size()));
    return said.empty() ? "the driver gives no reason" : said;
}

/// What others can change would run with our rights.
void check_trust(Settings const& settings) {
    struct stat about{};
    if (stat(settings.driver.c_str(), &about) != 0)
        refuse(settings, "is not there, or may not be read", "/driver");
    if (!S_ISREG(about.st_mode)) refuse(settings, "is no file", "/driver");
    if (about.st_uid != 0 && about.st_uid != geteuid())
        refuse(settings, "belongs to another user: chown it to root or to who runs this",
               "/driver");
    if (about.st_mode & S_IWOTH)
        refuse(settings, "may be written by everybody: chmod o-w it", "/driver");
}

std::vector<std::string> entrypoints(Settings const& settings) {
    if (!settings.entrypoint.empty()) return {settings.entrypoint};
    return {"AdbcDriverInit", duckdb_entry};
}

abi::Entry entry_of(void* library, Settings const& settings) {
    std::vector<std::string> const names = entrypoints(settings);
    for (std::string const& name : names)
        if (void* const symbol = dlsym(library, name.c_str()))
            return reinterpret_cast<abi::Entry>(symbol);
    std::string tried;
    for (std::string const& name : names) tried += (tried.empty() ? "" : " or ") + name;
    refuse(settings, "has no entry point " + tried + ": name it as entrypoint", "/entrypoint");
}

std::unique_ptr<abi::Driver> made(Settings const& settings) {
    check_trust(settings);
    std::string const wrong = no_library(settings.driver);
    if (!wrong.empty()) refuse(settings, wrong, "/driver");
    void* const library =
        dlopen(settings.driver.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!library) {
        char const* const why = dlerror();
        refuse(settings, std::string{"cannot be loaded: "} + (why ? why : "no reason is known"),
               "/driver");
    }
    abi::Entry const entry = entry_of(library, settings);
    auto driver = std::make_unique<abi::Driver>();
    Said said;
    for (int const version : {abi::version_1_1, abi::version_1_0}) {
        *driver = abi::Driver{};
        if (entry(version, driver.get(), said.out()) != abi::ok) continue;
        if (version == abi::version_1_0) {
            // What a driver of the older version wrote there means nothing.
            auto* const newer = reinterpret_cast<char*>(&driver->error_get_detail_count);
            std::fill(newer, reinterpret_cast<char*>(driver.get() + 1), '\0');
        }
        return driver;
    }
    refuse(settings, "refuses ADBC 1.1 and 1.0: " + settings.scrub(sentence(said.message())),
           "/driver");
}

/// Words by which drivers whose statuses say little tell what is meant. DuckDB's, so far.
struct Word {
    char const* text;
    weir_status status;
    char const* code;
};
constexpr Word words[] = {
    {"Could not set lock on file", WEIR_E_BUSY, "adbc.busy"},
    {"TransactionContext Error", WEIR_E_BUSY, "adbc.busy"},
    {"Conflict on ", WEIR_E_BUSY, "adbc.busy"},
    {"Constraint Error", WEIR_E_DATA, "adbc.data"},
    {"Conversion Error", WEIR_E_DATA, "adbc.data"},
    {"Out of Range Error", WEIR_E_DATA, "adbc.data"},
    {"Binder Error", WEIR_E_SCHEMA, "adbc.failed"},
    {"Catalog Error", WEIR_E_NOT_FOUND, "adbc.failed"},
    {"Not implemented Error", WEIR_E_UNSUPPORTED, "adbc.driver_lacks"},
    {"Parser Error", WEIR_E_UNSUPPORTED, "adbc.failed"},
    {"Invalid Input Error", WEIR_E_CONFIG, "adbc.failed"},
    {"is not a valid DuckDB", WEIR_E_CONFIG, "adbc.failed"},
    {"Out of Memory Error", WEIR_E_NOMEM, "adbc.failed"},
    {"Permission Error", WEIR_E_AUTH, "adbc.failed"},
    {"INTERRUPT", WEIR_E_CANCELLED, "adbc.failed"},
};

weir_status status_of(abi::Status status) {
    switch (status) {
        case abi::not_implemented: return WEIR_E_UNSUPPORTED;
        case abi::not_found: return WEIR_E_NOT_FOUND;
        case abi::already_exists:
        case abi::invalid_argument: return WEIR_E_CONFIG;
        case abi::invalid_data:
        case abi::integrity: return WEIR_E_DATA;
        case abi::cancelled: return WEIR_E_CANCELLED;
        case abi::timeout: return WEIR_E_TIMEOUT;
        case abi::unauthenticated:
        case abi::unauthorized: return WEIR_E_AUTH;
        default: return WEIR_E_IO;
    }
}

char const* code_of(weir_status status) {
    switch (status) {
        case WEIR_E_UNSUPPORTED: return "adbc.driver_lacks";
        case WEIR_E_DATA: return "adbc.data";
        default: return "adbc.failed";
    }
}

}  // namespace

abi::Driver const& Driver::load(Settings const& settings) {
    static std::mutex loading;
    static auto& loaded = *new std::map<std::string, std::unique_ptr<abi::Driver>>;
    std::lock_guard const lock{loading};
    std::unique_ptr<abi::Driver>& driver = loaded[settings.driver + '\0' + settings.entrypoint];
    if (!driver) driver = made(settings);
    return *driver;
}

// A thread of DuckDB 1.5.6 that ends a task still looks at the connection which waited for it, and
// by then that may be gone: the process hangs or crashes when the database is closed. Without
// threads of its own there is none.
std::map<std::string, std::string> Driver::defaults(Settings const& settings) {
    void* const library = dlopen(settings.driver.c_str(), RTLD_NOW | RTLD_NOLOAD);
    if (library && dlsym(library, duckdb_entry)) return {{"threads", "1"}};
    return {};
}

std::string Said::sqlstate() const {
    std::string out{error_.sqlstate, sizeof error_.sqlstate};
    out.erase(std::min(out.find('\0'), out.size()));
    return out;
}

Error failure(Settings const& settings, std::string const& doing, abi::Status status,
              std::string said) {
    Error out{status_of(status), doing + ": " + settings.scrub(sentence(said))};
    out.code = code_of(out.status);
    for (Word const& word : words)
        if (said.find(word.text) != said.npos) {
            out.status = word.status;
            out.code = word.code;
            break;
        }
    return out;
}

Error failure(Settings const& settings, std::string const& doing, abi::Status status,
              Said const& said) {
    Error out = failure(settings, doing, status, said.message());
    out.sqlstate = said.sqlstate();
    out.native_code = said.vendor_code();
    return out;
}

}  // namespace weir::adbc
