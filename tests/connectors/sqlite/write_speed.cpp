// How fast the sink writes a million rows of seven columns out of Arrow memory into a fresh table,
// beside a C loop that binds and steps the same rows, formatted before, with the same PRAGMAs in
// one transaction. Prints both rates, their ratio, and the peak of resident memory.
//
//   sqlite_write_speed LIBRARY DIRECTORY [rows] [rounds] [append|upsert|replace]
#include <sqlite3.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "weir/testkit/driver.hpp"

namespace {

using namespace weir;
using namespace weir::testkit;

constexpr std::int64_t batch_rows = 8192;
constexpr std::int64_t commit_bytes = 8 << 20;
constexpr std::int64_t row_bytes = 130;

Schema schema() {
    return {{"id", Type::int64, false}, {"name", Type::utf8},       {"email", Type::utf8},
            {"city", Type::utf8},       {"balance", Type::numeric}, {"updated_at", Type::instant},
            {"note", Type::utf8}};
}

struct Row {
    std::string name, email, city, balance, note;
    std::int64_t us;
};

Row row_of(std::int64_t id) {
    std::string const n = std::to_string(id);
    std::string note(32, 'x');
    for (std::size_t i = 0; i < note.size(); ++i)
        note[i] = static_cast<char>('a' + (static_cast<std::size_t>(id) * 31 + i * 7) % 26);
    return {"user " + n,
            "user" + n + "@example.org",
            "city " + std::to_string(id % 977),
            n + ".50",
            note,
            1'700'000'000'000'000 + id * 1'234'567};
}

/// Wall clock and processor time: on a busy machine only the second can be compared.
struct Spent {
    double wall = 0, cpu = 0;
};
class Watch {
public:
    Spent spent() const {
        std::chrono::duration<double> const wall = std::chrono::steady_clock::now() - start_;
        return {wall.count(), cpu() - cpu_};
    }

private:
    static double cpu() {
        timespec now{};
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
    }
    std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
    double cpu_ = cpu();
};

std::vector<std::unique_ptr<Rows>> batches_of(std::int64_t rows) {
    std::vector<std::unique_ptr<Rows>> batches;
    for (std::int64_t id = 0; id < rows; ++id) {
        if (id % batch_rows == 0) batches.push_back(std::make_unique<Rows>(schema()));
        Row const row = row_of(id);
        batches.back()->add(id, row.name, row.email, row.city, row.balance, row.us, row.note);
    }
    for (auto& batch : batches) batch->array();
    return batches;
}

Spent write_with_weir(Plugin& plugin, std::string const& file,
                      std::vector<std::unique_ptr<Rows>>& batches, WriteRequest const& request) {
    TestHost host;
    SinkInstance sink{host, plugin.component(), {{"url", "sqlite:" + file}}};
    Watch const watch;
    {
        Writer writer = sink.start(request, batches.front()->schema());
        std::int64_t held = 0;
        for (auto& batch : batches) {
            writer.write(*batch);
            held += batch->array()->length * row_bytes;
            if (held < commit_bytes) continue;
            writer.commit("{\"at\":1}");
            held = 0;
        }
        writer.commit("", true);
    }
    return watch.spent();
}

/// The rows as a careful programmer would have them ready: text in one long buffer.
struct Ready {
    std::int64_t id;
    std::int32_t sizes[6];
    std::size_t at;
};

Spent write_with_loop(std::string const& file, std::int64_t rows) {
    std::vector<Ready> ready;
    std::string bytes;
    ready.reserve(static_cast<std::size_t>(rows));
    for (std::int64_t id = 0; id < rows; ++id) {
        Row const row = row_of(id);
        std::time_t const at = row.us / 1'000'000;
        char time[48], whole[64];
        std::strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", std::gmtime(&at));
        std::snprintf(whole, sizeof whole, "%s.%06dZ", time, static_cast<int>(row.us % 1'000'000));
        Ready next{id, {}, bytes.size()};
        int i = 0;
        for (std::string const& text :
             {row.name, row.email, row.city, row.balance, std::string{whole}, row.note}) {
            next.sizes[i++] = static_cast<std::int32_t>(text.size());
            bytes += text;
        }
        ready.push_back(next);
    }
    Watch const watch;
    sqlite3* db = nullptr;
    sqlite3_open_v2(file.c_str(), &db,
                    SQLITE_OPEN_CREATE | SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    sqlite3_exec(db,
                 "PRAGMA cache_size=-12288; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                 "PRAGMA wal_autocheckpoint=4000;"
                 "CREATE TABLE users(id INTEGER PRIMARY KEY, name TEXT, email TEXT, city TEXT, "
                 "balance TEXT, updated_at TEXT, note TEXT) STRICT; BEGIN IMMEDIATE",
                 nullptr, nullptr, nullptr);
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(db, "INSERT INTO users VALUES(?,?,?,?,?,?,?)", -1, &insert, nullptr);
    for (Ready const& row : ready) {
        char const* at = bytes.data() + row.at;
        sqlite3_bind_int64(insert, 1, row.id);
        for (int i = 0; i < 6; at += row.sizes[i], ++i)
            sqlite3_bind_text(insert, i + 2, at, row.sizes[i], SQLITE_STATIC);
        sqlite3_step(insert);
        sqlite3_reset(insert);
    }
    sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
    sqlite3_finalize(insert);
    sqlite3_close(db);
    return watch.spent();
}

/// Of this process since it began or reset_peak().
long peak_kib() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmHWM:")) return std::strtol(line.c_str() + 6, nullptr, 10);
    return 0;
}
long now_kib() {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
    return 0;
}
void reset_peak() { std::ofstream{"/proc/self/clear_refs"} << "5"; }

void remove_database(std::string const& file) {
    for (char const* ending : {"", "-wal", "-shm"}) std::filesystem::remove(file + ending);
}

}  // namespace

int main(int count, char** arguments) {
    if (count < 3) return 2;
    std::int64_t const rows = count > 3 ? std::atoll(arguments[3]) : 1'000'000;
    int const rounds = count > 4 ? std::atoi(arguments[4]) : 3;
    std::string const mode = count > 5 ? arguments[5] : "upsert";
    std::string const file = std::string{arguments[2]} + "/write_speed.db";
    WriteRequest request{.target = "users"};
    if (mode != "append") request.key = {"id"};
    if (mode == "upsert") request.write_mode = WEIR_WRITE_UPSERT;
    if (mode == "replace") request.write_mode = WEIR_WRITE_REPLACE;
    if (mode == "replace") request.flags = WEIR_BEGIN_STAGED;

    Plugin plugin{arguments[1]};
    auto batches = batches_of(rows);
    std::vector<double> ratios;
    auto const millions = static_cast<double>(rows) / 1e6;
    for (int round = 0; round < rounds; ++round) {
        remove_database(file);
        Spent const loop = write_with_loop(file, rows);
        remove_database(file);
        long const before = now_kib();
        reset_peak();
        Spent const weir = write_with_weir(plugin, file, batches, request);
        ratios.push_back(weir.wall / loop.wall);
        std::printf("loop %.2f M rows/s, weir %.2f · wall %.2f, processor %.2f · memory +%ld KiB\n",
                    millions / loop.wall, millions / weir.wall, weir.wall / loop.wall,
                    weir.cpu / loop.cpu, peak_kib() - before);
    }
    std::ranges::sort(ratios);
    std::printf("median of the wall ratios %.2f\n", ratios[ratios.size() / 2]);
    remove_database(file);
}
