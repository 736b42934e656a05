// What it costs to take one value of PostgreSQL's COPY, in its text and in its binary form, into an
// Arrow column. The server's side of the two forms is not in it: tests/bench/copy has the whole.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "connectors/postgres/decode.hpp"
#include "connectors/postgres/native.hpp"

namespace {

using namespace weir;
using namespace weir::postgres;

constexpr int batch_rows = 8192;

struct Sample {
    char const* type;
    std::string text, binary;  ///< binary empty: this type has none that is taken
};

std::string network(std::uint64_t value, int bytes) {
    std::string out;
    for (int shift = bytes * 8 - 8; shift >= 0; shift -= 8)
        out += static_cast<char>(value >> shift & 0xff);
    return out;
}

std::vector<Sample> const samples{
    {"int4", "1234567", network(1234567, 4)},
    {"int8", "123456789012345", network(123456789012345, 8)},
    {"bool", "t", network(1, 1)},
    {"float4", "1.1", network(0x3f8ccccd, 4)},
    {"float8", "3.141592653589793", network(0x400921fb54442d18, 8)},
    {"numeric", "12345678.90", {}},
    {"text", "a text of thirty-two characters.", "a text of thirty-two characters."},
    {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", std::string(16, '\x5a')},
    {"bytea", "\\\\x00112233445566778899aabbccddeeff", std::string(16, '\x5a')},
    {"date", "2026-03-01", network(9556, 4)},
    {"time", "09:12:44.120913", network(33164120913, 8)},
    {"timestamp", "2026-03-01 09:12:44.120913", network(825671564120913, 8)},
    {"timestamptz", "2026-03-01 09:12:44.120913+00", network(825671564120913, 8)},
    {"jsonb", "{\"n\": 1, \"ok\": true}", {}},
};

void decode(benchmark::State& state, Sample const& sample, bool is_binary) {
    SourceType type;
    type.name = sample.type;
    Field const field{"value", type_of(type)};
    Decoder decoder{field, type, is_binary};
    std::string const& given = is_binary ? sample.binary : sample.text;
    Batch batch{{field}};
    // Decoding text takes the backslashes out in place, so each value is a copy of its own.
    std::string line;
    int rows = 0;
    for (auto _ : state) {
        line.assign(given);
        bool const is_escaped = !is_binary && line.find('\\') != std::string::npos;
        RawValue value{line.data(), line.size(), false, is_escaped};
        decoder.append(batch.column(0), value);
        if (++rows % batch_rows == 0) batch.reset({field});
    }
}

}  // namespace

int main(int argc, char** argv) {
    for (Sample const& sample : samples) {
        std::string const name = sample.type;
        benchmark::RegisterBenchmark((name + "/text").c_str(), decode, sample, false);
        if (!sample.binary.empty())
            benchmark::RegisterBenchmark((name + "/binary").c_str(), decode, sample, true);
    }
    benchmark::Initialize(&argc, argv);
    benchmark::RunSpecifiedBenchmarks();
}
