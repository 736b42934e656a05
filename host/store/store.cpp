#include "host/store/store.hpp"

#include <fcntl.h>
#include <unistd.h>

#include "host/store/failure.hpp"
#include "host/store/readers.hpp"
#include "host/store/schema.hpp"
#include "host/store/topics.hpp"
#include "host/store/writer.hpp"

namespace weir::host {

namespace {

class SqliteStore final : public Store {
public:
    SqliteStore(std::filesystem::path const& file, Clock const& clock,
                std::unique_ptr<Topics> topics, std::unique_ptr<Session> session)
        : clock_{clock},
          topics_{std::move(topics)},
          readers_{file, *topics_},
          writer_{std::move(session), *topics_} {}

    Result<void> write(Work const& work) override { return writer_.write(work); }
    Result<void> read(Work const& work) override { return readers_.read(work); }
    Result<void> check() override {
        return writer_.write([refused = writer_.was_refused()](Session& session) -> Result<void> {
            if (refused)
                session.run(
                    "INSERT INTO weir_fact(name, value) VALUES ('written', '1') ON CONFLICT DO "
                    "UPDATE SET value = value + 1");
            return {};
        });
    }
    Clock const& clock() const override { return clock_; }
    Topics& topics() override { return *topics_; }
    Figures figures() const override { return writer_.figures(); }

private:
    Clock const& clock_;
    std::unique_ptr<Topics> topics_;
    Readers readers_;
    Writer writer_;
};

/// SQLite would make the file for everybody to read; its companions take its mode.
void make_private(std::filesystem::path const& file) {
    int const made = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(std::filesystem::path const& file, Clock const& clock) {
    make_private(file);
    try {
        auto topics = std::make_unique<Topics>();
        auto session = std::make_unique<Session>(file, Session::Mode::writes, *topics);
        try {
            if (Result<void> migrated = migrate(*session); !migrated) return migrated.error();
        } catch (std::exception const& thrown) {
            return store_failure(thrown, *session);
        }
        return std::make_unique<SqliteStore>(file, clock, std::move(topics), std::move(session));
    } catch (std::exception const& thrown) {
        return open_failure(thrown, file);
    }
}

}  // namespace weir::host
