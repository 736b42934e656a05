#include "connection.hpp"

#include <algorithm>
#include <cerrno>
#include <map>

#include "nested.hpp"

namespace weir::adbc {

/// A database as it is open in this process.
struct Open {
    std::mutex opening;
    int users = 0;
    std::string with;  // Settings::whole()
    abi::Database database{};
};

namespace {

constexpr int depth_of_columns = 0;  // ADBC_OBJECT_DEPTH_ALL
constexpr std::uint32_t vendor_name = 0;
constexpr char autocommit[] = "adbc.connection.autocommit";

std::shared_ptr<Open> open_of(std::string const& key) {
    static std::mutex looking;
    static auto& all = *new std::map<std::string, std::shared_ptr<Open>>;
    std::lock_guard const lock{looking};
    std::shared_ptr<Open>& one = all[key];
    if (!one) one = std::make_shared<Open>();
    return one;
}

Error not_connected(Settings const& settings, abi::Status status, Said const& said) {
    Error error = failure(settings, "the driver cannot open " + settings.identity(), status, said);
    if (error.code == "adbc.failed") error.code = "adbc.connect";
    return error;
}

void open_database(abi::Driver const& driver, Settings const& settings, abi::Database& database) {
    Said said;
    abi::Status status = need(driver.database_new, "DatabaseNew")(&database, said.out());
    std::map<std::string, std::string> options = settings.options;
    options.merge(Driver::defaults(settings));
    for (auto const& [name, value] : options)
        if (status == abi::ok)
            status = need(driver.database_set_option, "DatabaseSetOption")(
                &database, name.c_str(), value.c_str(), said.out());
    if (status == abi::ok)
        status = need(driver.database_init, "DatabaseInit")(&database, said.out());
    if (status == abi::ok) return;
    Error const error = not_connected(settings, status, said);
    if (driver.database_release) driver.database_release(&database, Said{}.out());
    database = abi::Database{};
    throw error;
}

/// A stream of one batch of ours; the driver takes what it points at.
struct Lent {
    explicit Lent(Schema its_schema) : schema{std::move(its_schema)} {}
    Lent(Lent const&) = delete;
    Lent& operator=(Lent const&) = delete;
    Schema schema;
    ArrowArray array{};
    ~Lent() {
        if (array.release) array.release(&array);
    }
};
void lend(Batch& rows, abi::Stream& out) {
    auto lent = std::make_unique<Lent>(rows.schema());
    rows.finish(&lent->array);
    // A driver may ask for the schema more than once.
    out.get_schema = [](abi::Stream* stream, ArrowSchema* into) {
        try {
            export_schema(static_cast<Lent*>(stream->private_data)->schema, into);
            return 0;
        } catch (std::bad_alloc const&) {
            return ENOMEM;
        }
    };
    out.get_next = [](abi::Stream* stream, ArrowArray* into) {
        auto* const from = static_cast<Lent*>(stream->private_data);
        *into = std::exchange(from->array, ArrowArray{});
        return 0;
    };
    out.get_last_error = [](abi::Stream*) -> char const* { return nullptr; };
    out.release = [](abi::Stream* stream) {
        delete static_cast<Lent*>(stream->private_data);
        stream->release = nullptr;
    };
    out.private_data = lent.release();
}

}  // namespace

struct Connection::Lease {
    Lease(abi::Driver const& its_driver, Settings const& settings)
        : driver{its_driver}, open{open_of(settings.key())} {
        std::lock_guard const lock{open->opening};
        if (open->users > 0 && open->with != settings.whole())
            throw Error{WEIR_E_BUSY, settings.identity() +
                                         " is open here with another driver or other options"}
                .coded("adbc.busy");
        if (open->users == 0) open_database(driver, settings, open->database);
        open->with = settings.whole();
        ++open->users;
    }
    ~Lease() {
        std::lock_guard const lock{open->opening};
        if (--open->users > 0) return;
        if (driver.database_release) driver.database_release(&open->database, Said{}.out());
        open->database = abi::Database{};
    }
    abi::Driver const& driver;
    std::shared_ptr<Open> const open;
};

Connection::Connection(Settings const& settings, Call const& call)
    : settings_{settings}, driver_{Driver::load(settings)} {
    call.check();
    lease_ = std::make_unique<Lease>(driver_, settings_);
    abi::Status status =
        need(driver_.connection_new, "ConnectionNew")(&connection_, said_.out());
    if (status == abi::ok)
        status = need(driver_.connection_init, "ConnectionInit")(
            &connection_, &lease_->open->database, said_.out());
    if (status == abi::ok) return;
    Error const error = not_connected(settings_, status, said_);
    if (driver_.connection_release) driver_.connection_release(&connection_, Said{}.out());
    throw error;
}

Connection::~Connection() {
    if (in_transaction_) rollback();
    if (driver_.connection_release) driver_.connection_release(&connection_, said_.out());
}

void Connection::check(Call const& call, char const* doing, abi::Status status) {
    if (status == abi::ok) return;
    call.check();  // what was interrupted fails for that
    throw failure(settings_, doing, status, said_);
}

std::shared_ptr<void> Connection::statement() {
    auto made = std::make_unique<abi::Statement>();
    if (abi::Status const status =
            need(driver_.statement_new, "StatementNew")(&connection_, made.get(), said_.out()))
        throw failure(settings_, "the driver makes no statement", status, said_);
    std::lock_guard const lock{interrupting_};
    statements_.push_back(made.get());
    return {made.release(), [this](void* old) {
                auto* const statement = static_cast<abi::Statement*>(old);
                {
                    std::lock_guard const ending{interrupting_};
                    std::erase(statements_, statement);
                }
                if (driver_.statement_release)
                    driver_.statement_release(statement, Said{}.out());
                delete statement;
            }};
}

void Connection::interrupt() noexcept {
    std::lock_guard const lock{interrupting_};
    Said said;
    for (abi::Statement* const each : statements_)
        if (driver_.statement_cancel) driver_.statement_cancel(each, said.out());
}

void Connection::run(Call const& call, std::string const& sql,
                     std::vector<Value> const& parameters) {
    Result result{*this, call, sql, parameters};
    while (result.next(call)) {
    }
}

std::vector<Value> Connection::row(Call const& call, std::string const& sql,
                                   std::vector<Value> const& parameters) {
    Result result{*this, call, sql, parameters};
    ArrowArray const* const batch = result.next(call);
    if (!batch || batch->length == 0) return {};
    std::vector<Value> out;
    for (ColumnView const& column : columns_of(result.fields(), *batch)) {
        bool const is_text = column.field().layout == Layout::text ||
                             column.field().layout == Layout::large_text;
        bool const is_number = column.field().layout >= Layout::int8 &&
                               column.field().layout <= Layout::uint32;
        if (!is_text && !is_number && !column.is_null(0))
            throw Error{WEIR_E_UNSUPPORTED, "the driver answers another type than asked for"}
                .coded("adbc.driver_lacks");
        out.push_back(Value::of(is_number ? Type::int64 : Type::utf8, column, 0));
    }
    while (result.next(call)) {  // what is not read to its end keeps its transaction open
    }
    return out;
}

std::vector<std::int64_t> Connection::numbers(Call const& call, std::string const& sql) {
    Result result{*this, call, sql, {}};
    std::vector<std::int64_t> out;
    while (ArrowArray const* const batch = result.next(call)) {
        ColumnView const column = columns_of(result.fields(), *batch).front();
        for (std::int64_t row = 0; row < batch->length; ++row) out.push_back(column.integer(row));
    }
    return out;
}

void Connection::ingest(Call const& call, std::string const& table, Batch& rows) {
    call.check();
    std::shared_ptr<void> const held = statement();
    auto* const made = static_cast<abi::Statement*>(held.get());
    for (auto const& [name, value] :
         {std::pair{"adbc.ingest.target_table", table.c_str()},
          std::pair{"adbc.ingest.mode", "adbc.ingest.mode.append"},
          std::pair{"adbc.ingest.temporary", "true"}})
        check(call, "the driver takes no rows at once",
              need(driver_.statement_set_option, "StatementSetOption")(made, name, value,
                                                                       said_.out()));
    abi::Stream stream{};
    lend(rows, stream);
    abi::Status status = need(driver_.statement_bind_stream, "StatementBindStream")(
        made, &stream, said_.out());
    if (stream.release && status != abi::ok) stream.release(&stream);
    check(call, "the driver takes no rows at once", status);
    status = need(driver_.statement_execute_query, "StatementExecuteQuery")(made, nullptr, nullptr,
                                                                            said_.out());
    check(call, "rows cannot be staged", status);
}

void Connection::set_autocommit(Call const& call, bool on) {
    check(call, "the driver has no transactions",
          need(driver_.connection_set_option, "ConnectionSetOption")(
              &connection_, autocommit, on ? "true" : "false", said_.out()));
}

void Connection::begin(Call const& call) {
    set_autocommit(call, false);
    in_transaction_ = true;
}

void Connection::commit(Call const& call) {
    check(call, "the transaction cannot be committed",
          need(driver_.connection_commit, "ConnectionCommit")(&connection_, said_.out()));
    in_transaction_ = false;
    set_autocommit(call, true);
}

void Connection::rollback() noexcept {
    in_transaction_ = false;
    Said said;
    if (driver_.connection_rollback) driver_.connection_rollback(&connection_, said.out());
    if (driver_.connection_set_option)
        driver_.connection_set_option(&connection_, autocommit, "true", said.out());
}

std::vector<FieldView> Connection::table_schema(Call const& call, std::string const& schema,
                                                std::string const& table) {
    ArrowSchema found{};
    abi::Status const status =
        need(driver_.connection_get_table_schema, "ConnectionGetTableSchema")(
            &connection_, nullptr, schema.empty() ? nullptr : schema.c_str(), table.c_str(),
            &found, said_.out());
    check(call, "the fields of a table cannot be had", status);
    std::vector<FieldView> fields;
    for (std::int64_t i = 0; i < found.n_children; ++i)
        fields.push_back(view_of(*found.children[i]));
    if (found.release) found.release(&found);
    return fields;
}

void Connection::objects(Call const& call, char const* schema, char const* table,
                         abi::Stream* out) {
    check(call, "the driver does not list its tables",
          need(driver_.connection_get_objects, "ConnectionGetObjects")(
              &connection_, depth_of_columns, nullptr, schema, table, nullptr, nullptr, out,
              said_.out()));
}

std::string Connection::vendor(Call const& call) {
    if (!driver_.connection_get_info) return {};
    abi::Stream stream{};
    if (driver_.connection_get_info(&connection_, &vendor_name, 1, &stream, said_.out()) != abi::ok)
        return {};
    std::string name;
    Nested::read(call, settings_, stream, [&](Nested const& row) {
        name = row.child("info_value").alternative().text();
    });
    return name;
}

void stream_failed(Call const& call, Settings const& settings, abi::Stream& stream) {
    char const* const why = stream.get_last_error ? stream.get_last_error(&stream) : nullptr;
    std::string const said = why ? why : "";
    call.check();
    throw failure(settings, "the rows cannot be read", abi::io, said);
}

Result::Result(Connection& connection, Call const& call, std::string const& sql,
               std::vector<Value> const& parameters)
    : connection_{connection}, statement_{connection.statement()} {
    call.check();
    auto* const made = static_cast<abi::Statement*>(statement_.get());
    abi::Driver const& driver = connection.driver_;
    connection.check(call, "the driver takes no SQL",
                     need(driver.statement_set_sql_query, "StatementSetSqlQuery")(
                         made, sql.c_str(), connection.said_.out()));
    if (!parameters.empty()) {
        connection.check(call, "a statement is refused",
                         need(driver.statement_prepare, "StatementPrepare")(
                             made, connection.said_.out()));
        Batch rows = row_of(parameters);
        ArrowSchema schema{};
        ArrowArray array{};
        export_schema(rows.schema(), &schema);
        rows.finish(&array);
        abi::Status const status = need(driver.statement_bind, "StatementBind")(
            made, &array, &schema, connection.said_.out());
        if (status != abi::ok) {  // else they are the driver's
            if (schema.release) schema.release(&schema);
            if (array.release) array.release(&array);
        }
        connection.check(call, "the driver binds no parameters", status);
    }
    connection.check(call, "a statement failed",
                     need(driver.statement_execute_query, "StatementExecuteQuery")(
                         made, &stream_, nullptr, connection.said_.out()));
    ArrowSchema schema{};
    if (stream_.get_schema(&stream_, &schema) != 0)
        stream_failed(call, connection.settings(), stream_);
    for (std::int64_t i = 0; i < schema.n_children; ++i)
        fields_.push_back(view_of(*schema.children[i]));
    if (schema.release) schema.release(&schema);
}

Result::~Result() { drop_array(); }

void Result::drop_array() {
    if (array_.release) array_.release(&array_);
    array_ = ArrowArray{};
}

ArrowArray const* Result::next(Call const& call) {
    do {
        call.check();
        drop_array();
        if (stream_.get_next(&stream_, &array_) != 0)
            stream_failed(call, connection_.settings(), stream_);
        if (!array_.release) return nullptr;
    } while (array_.length == 0);
    return &array_;
}

}  // namespace weir::adbc
