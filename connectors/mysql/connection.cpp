#include "connection.hpp"

#include <errmsg.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <mutex>

namespace weir::mysql {
namespace {

constexpr char system_roots[] = "/etc/ssl/certs/ca-certificates.crt";
// Those that send no password as it is, and none to be cracked offline but by its hash.
constexpr char plain_logins[] = "mysql_native_password,client_ed25519,caching_sha2_password";
constexpr std::size_t stack_bytes = 256 * 1024;
/// What libmariadb sets up at its first use, which is not safe among threads.
void set_up_library() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (mysql_server_init(0, nullptr, nullptr) != 0)
            throw Error{WEIR_E_NOMEM, "libmariadb cannot be set up"};
    });
}

/// A peer that is gone without a word is noticed within 15 s: probes go out after 6, 9, 12 and
/// 15 s, and the kernel looks at the timeout with a probe only.
void keep_alive(int socket) {
    struct Option {
        int level, name, value;
    };
    for (Option const& option : {Option{SOL_SOCKET, SO_KEEPALIVE, 1},
                                 {IPPROTO_TCP, TCP_KEEPIDLE, 6},
                                 {IPPROTO_TCP, TCP_KEEPINTVL, 3},
                                 {IPPROTO_TCP, TCP_KEEPCNT, 2},
                                 {IPPROTO_TCP, TCP_USER_TIMEOUT, 15'000}})
        setsockopt(socket, option.level, option.name, &option.value, sizeof option.value);
}

/// Bytes of a value that has no length before it; 0: it has one.
std::size_t fixed_bytes(enum_field_types type) {
    switch (type) {
        case MYSQL_TYPE_TINY: return 1;
        case MYSQL_TYPE_SHORT:
        case MYSQL_TYPE_YEAR: return 2;
        case MYSQL_TYPE_LONG:
        case MYSQL_TYPE_INT24:
        case MYSQL_TYPE_FLOAT: return 4;
        case MYSQL_TYPE_LONGLONG:
        case MYSQL_TYPE_DOUBLE: return 8;
        default: return 0;
    }
}

/// Bytes of the length that stands before a value.
std::size_t length_bytes(unsigned char first) {
    switch (first) {
        case 252: return 3;
        case 253: return 4;
        case 254: return 9;
        default: return 1;
    }
}

}  // namespace

std::int64_t Answer::number(std::size_t row, std::size_t column) const {
    std::string const digits = text(row, column);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

Connection::Connection(Settings const& settings, Wait const& wait, bool loads)
    : settings_{settings}, loads_{loads} {
    wait.check();
    set_up_library();
    connection_.reset(mysql_init(nullptr));
    if (!connection_) throw std::bad_alloc{};
    set_options();
    take_over_files();
    establish(wait);
    begin_session(wait);
}

void Connection::set_options() {
    MYSQL* const it = connection_.get();
    my_bool const on = 1, off = 0;
    unsigned const local_files = loads_;
    mysql_options(it, MYSQL_OPT_NONBLOCK, &stack_bytes);
    mysql_options(it, MYSQL_OPT_LOCAL_INFILE, &local_files);
    mysql_options(it, MYSQL_OPT_RECONNECT, &off);
    mysql_options(it, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    // Else "localhost" would mean a socket at a place that the library was built with.
    unsigned const protocol =
        settings_.socket().empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
    mysql_options(it, MYSQL_OPT_PROTOCOL, &protocol);
    bool const verify = settings_.tls() == Tls::verify_full;
    mysql_options(it, MYSQL_OPT_SSL_ENFORCE, settings_.tls() == Tls::disable ? &off : &on);
    mysql_options(it, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, verify ? &on : &off);
    if (verify)
        mysql_options(it, MYSQL_OPT_SSL_CA,
                      settings_.tls_ca().empty() ? system_roots : settings_.tls_ca().c_str());
    else
        mysql_options(it, MARIADB_OPT_RESTRICTED_AUTH, plain_logins);
}

int Connection::Loading::read(char* into, unsigned room) noexcept {
    try {
        if (left.empty()) left = feed();
    } catch (...) {  // between us and who asked lies a library in C
        thrown = std::current_exception();
        return -1;
    }
    std::size_t const size = std::min<std::size_t>(room, left.size());
    left.copy(into, size);
    left.remove_prefix(size);
    return static_cast<int>(size);
}

/// The library would open the file that the server names.
void Connection::take_over_files() {
    auto const begin = [](void** feed, char const*, void* self) {
        *feed = static_cast<Connection*>(self)->loading_;
        return *feed ? 0 : 1;
    };
    auto const read = [](void* feed, char* into, unsigned room) {
        return static_cast<Loading*>(feed)->read(into, room);
    };
    auto const fail = [](void*, char* said, unsigned room) {
        std::string_view const why = "the server asks for a file, and is given none";
        said[why.copy(said, room - 1)] = '\0';
        return CR_UNKNOWN_ERROR;
    };
    mysql_set_local_infile_handler(connection_.get(), begin, read, [](void*) {}, fail, this);
}

std::optional<Said> Connection::load(std::string const& sql, Feed const& feed, Wait const& wait) {
    Loading loading{feed, {}, nullptr};
    loading_ = &loading;
    try {
        std::optional<Said> said = execute(sql, wait);
        loading_ = nullptr;
        if (loading.thrown) std::rethrow_exception(loading.thrown);
        return said;
    } catch (...) {
        loading_ = nullptr;
        throw;
    }
}

void Connection::establish(Wait const& wait) {
    MYSQL* const it = connection_.get();
    MYSQL* done = nullptr;
    auto const or_null = [](std::string const& text) {
        return text.empty() ? nullptr : text.c_str();
    };
    connect_until_ms_ = steady_ms() + settings_.connect_timeout_ms();
    drive(
        [&] {
            return mysql_real_connect_start(&done, it, settings_.host().c_str(),
                                            settings_.user().c_str(), settings_.password().c_str(),
                                            or_null(settings_.database()), settings_.port(),
                                            or_null(settings_.socket()), 0);
        },
        [&](int events) { return mysql_real_connect_cont(&done, it, events); }, wait);
    if (!done)
        throw connect_failure(settings_, {mysql_errno(it), mysql_sqlstate(it), mysql_error(it)});
    connect_until_ms_ = 0;
    // With "require" alone the library goes on in the clear where the server offers no TLS.
    if (settings_.tls() != Tls::disable && !mysql_get_ssl_cipher(it))
        throw connect_failure(settings_, {CR_SSL_CONNECTION_ERROR, "HY000",
                                          "the server offers no TLS"});
    if (settings_.socket().empty()) keep_alive(static_cast<int>(mysql_get_socket(it)));
    is_mariadb_ = mariadb_connection(it) != 0;
}

/// Limits of the server's configuration, which would end or cut a read, are lifted.
void Connection::begin_session(Wait const& wait) {
    run(std::string{"SET SESSION time_zone = '+00:00', sql_mode = '', sql_big_selects = 1,"
                    " sql_select_limit = 18446744073709551615,"
                    " net_write_timeout = CAST(GREATEST(@@net_write_timeout, 600) AS SIGNED), "} +
            (is_mariadb_ ? "max_statement_time = 0" : "max_execution_time = 0"),
        wait);
    run("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ", wait);
    Answer const set = run("SELECT @@lower_case_table_names, @@max_allowed_packet", wait);
    folds_names_ = set.number(0, 0) != 0;
    packet_bytes_max_ = static_cast<std::size_t>(set.number(0, 1));
}

/// Runs a call of libmariadb that stops where it would block.
template <class Start, class GoOn>
void Connection::drive(Start start, GoOn go_on, Wait const& wait) {
    suspended_ = true;
    for (int events = start(); events != 0;) events = go_on(wait_for(events, wait));
    suspended_ = false;
}

/// Waits until one of the `events` has come, and answers which. Throws when the call is not wanted.
int Connection::wait_for(int events, Wait const& wait) {
    std::int64_t const timeout_ms =
        events & MYSQL_WAIT_TIMEOUT ? mysql_get_timeout_value_ms(connection_.get()) : -1;
    std::int64_t const until = timeout_ms < 0 ? INT64_MAX : steady_ms() + timeout_ms;
    for (;;) {
        std::int64_t const now = steady_ms();
        if (connect_until_ms_ != 0 && now >= connect_until_ms_) throw connect_timeout(settings_);
        if (now >= until) return MYSQL_WAIT_TIMEOUT;
        std::int64_t limit = until - now;
        if (connect_until_ms_ != 0) limit = std::min(limit, connect_until_ms_ - now);
        short asked = 0;
        if (events & MYSQL_WAIT_READ) asked |= POLLIN;
        if (events & MYSQL_WAIT_WRITE) asked |= POLLOUT;
        if (events & MYSQL_WAIT_EXCEPT) asked |= POLLPRI;
        short const came = wait.ready(static_cast<int>(mysql_get_socket(connection_.get())), asked,
                                      limit);
        if (came == 0) continue;
        int out = 0;
        if (came & (POLLIN | POLLHUP | POLLERR)) out |= events & MYSQL_WAIT_READ;
        if (came & (POLLOUT | POLLHUP | POLLERR)) out |= events & MYSQL_WAIT_WRITE;
        if (came & POLLPRI) out |= events & MYSQL_WAIT_EXCEPT;
        if (out != 0) return out;
    }
}

Error Connection::failure(Subject const& subject) {
    MYSQL* const it = connection_.get();
    return statement_failure(settings_, {mysql_errno(it), mysql_sqlstate(it), mysql_error(it)},
                             subject);
}

Error Connection::statement_failed(Subject const& subject) {
    MYSQL_STMT* const it = statement_.get();
    // What ends a stream of rows is kept with the session only.
    if (mysql_stmt_errno(it) == 0) return failure(subject);
    return statement_failure(
        settings_, {mysql_stmt_errno(it), mysql_stmt_sqlstate(it), mysql_stmt_error(it)}, subject);
}

Answer Connection::run(std::string const& sql, Wait const& wait, Subject const& subject) {
    MYSQL* const it = connection_.get();
    int failed = 0;
    drive([&] { return mysql_real_query_start(&failed, it, sql.data(), sql.size()); },
          [&](int events) { return mysql_real_query_cont(&failed, it, events); }, wait);
    if (failed) throw failure(subject);
    MYSQL_RES* stored = nullptr;
    drive([&] { return mysql_store_result_start(&stored, it); },
          [&](int events) { return mysql_store_result_cont(&stored, it, events); }, wait);
    std::unique_ptr<MYSQL_RES, decltype(&mysql_free_result)> const result{stored,
                                                                          mysql_free_result};
    Answer answer;
    if (!result) {
        if (mysql_errno(it) != 0) throw failure(subject);
        return answer;
    }
    unsigned const columns = mysql_num_fields(result.get());
    while (MYSQL_ROW const row = mysql_fetch_row(result.get())) {
        unsigned long const* const sizes = mysql_fetch_lengths(result.get());
        std::vector<Answer::Cell> cells(columns);
        for (unsigned i = 0; i < columns; ++i)
            if (row[i]) cells[i].emplace(row[i], sizes[i]);
        answer.add(std::move(cells));
    }
    return answer;
}

std::optional<Said> Connection::execute(std::string const& sql, Wait const& wait) {
    try {
        run(sql, wait);
        return std::nullopt;
    } catch (Error const&) {
        MYSQL* const it = connection_.get();
        if (suspended_ || mysql_errno(it) == 0 || is_gone(mysql_errno(it))) throw;
        return Said{mysql_errno(it), mysql_sqlstate(it), settings_.scrub(mysql_error(it))};
    }
}

void Connection::start_rows(std::string const& sql, Wait const& wait, Subject const& subject) {
    statement_.reset(mysql_stmt_init(connection_.get()));
    if (!statement_) throw std::bad_alloc{};
    MYSQL_STMT* const it = statement_.get();
    int failed = 0;
    drive([&] { return mysql_stmt_prepare_start(&failed, it, sql.data(), sql.size()); },
          [&](int events) { return mysql_stmt_prepare_cont(&failed, it, events); }, wait);
    if (!failed)
        drive([&] { return mysql_stmt_execute_start(&failed, it); },
              [&](int events) { return mysql_stmt_execute_cont(&failed, it, events); }, wait);
    if (failed) throw statement_failed(subject);
}

bool Connection::next_row(std::vector<RawValue>& row, Wait const& wait, Subject const& subject) {
    if (wait.interrupt.raised()) wait.check();
    MYSQL_STMT* const it = statement_.get();
    int outcome = 0;
    drive([&] { return mysql_stmt_fetch_start(&outcome, it); },
          [&](int events) { return mysql_stmt_fetch_cont(&outcome, it, events); }, wait);
    if (outcome == MYSQL_NO_DATA) {
        end_rows(wait);
        return false;
    }
    if (outcome != 0) throw statement_failed(subject);
    if (it->field_count != row.size())
        throw Error{WEIR_E_SCHEMA, "the server sends another number of columns than was asked for"};
    // Nothing is bound: the library then leaves each value where the server's packet has it.
    for (std::size_t i = 0; i < row.size(); ++i) {
        unsigned char const* const at = it->bind[i].u.row_ptr;
        RawValue& value = row[i];
        value.null = at == nullptr;
        if (value.null) continue;
        std::size_t const fixed = fixed_bytes(it->fields[i].type);
        value.size = fixed ? fixed : it->bind[i].length_value;
        value.data = fixed ? at : at + length_bytes(*at);
    }
    return true;
}

void Connection::end_rows(Wait const& wait) {
    my_bool failed = 0;
    MYSQL_STMT* const it = statement_.release();
    drive([&] { return mysql_stmt_close_start(&failed, it); },
          [&](int events) { return mysql_stmt_close_cont(&failed, it, events); }, wait);
}

/// To read them to their end may take as long as the read itself: another session ends it.
void Connection::drop_rows(Wait const& wait) {
    std::string const number = std::to_string(mysql_thread_id(connection_.get()));
    Connection other{settings_, wait};
    other.execute("KILL QUERY " + number, wait);
    end_rows(wait);
}

/// Whether another statement may begin.
bool Connection::is_free() const {
    unsigned const number = mysql_errno(connection_.get());
    return !suspended_ && !retired_ && !statement_ && number != CR_SERVER_LOST &&
           number != CR_SERVER_GONE_ERROR;
}

bool Connection::says_transaction() const {
    unsigned status = 0;
    mariadb_get_infov(connection_.get(), MARIADB_CONNECTION_SERVER_STATUS, &status);
    return (status & SERVER_STATUS_IN_TRANS) != 0;
}

bool Connection::usable() const { return is_free() && !says_transaction(); }

bool Connection::in_transaction() const { return is_free() && says_transaction(); }

}  // namespace weir::mysql
