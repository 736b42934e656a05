#include "host/abi/seal.hpp"

#include <fmt/format.h>
#include <sodium/crypto_hash_sha256.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>

namespace weir::host {
namespace {

constexpr std::string_view mark = "weir-seal/1\n";
constexpr std::size_t seal_bytes = crypto_hash_sha256_BYTES + mark.size();

bool has_seal(std::span<std::byte const> file) {
    return file.size() > seal_bytes &&
           std::memcmp(file.last(mark.size()).data(), mark.data(), mark.size()) == 0;
}

}  // namespace

std::vector<std::byte> seal_of(std::span<std::byte const> image) {
    std::vector<std::byte> seal(seal_bytes);
    crypto_hash_sha256(reinterpret_cast<unsigned char*>(seal.data()),
                       reinterpret_cast<unsigned char const*>(image.data()), image.size());
    std::memcpy(seal.data() + crypto_hash_sha256_BYTES, mark.data(), mark.size());
    return seal;
}

std::optional<Error> check_seal(std::span<std::byte const> file) {
    if (!has_seal(file)) return std::nullopt;
    std::span<std::byte const> const found = file.last(seal_bytes);
    if (std::ranges::equal(seal_of(file.first(file.size() - seal_bytes)), found))
        return std::nullopt;
    return Error{WEIR_E_CONFIG, "plugin.damaged",
                 "is damaged: its bytes are not those it was sealed with; copy it again"};
}

std::optional<Error> seal_file(std::string const& path) {
    std::ifstream in{path, std::ios::binary};
    std::string const text{std::istreambuf_iterator<char>{in}, {}};
    std::span<std::byte const> const image = std::as_bytes(std::span{text});
    if (!in) return Error{WEIR_E_IO, "plugin.unreadable", "cannot be read"};
    if (has_seal(image)) return std::nullopt;
    std::vector<std::byte> const seal = seal_of(image);
    std::ofstream out{path, std::ios::binary | std::ios::app};
    for (std::byte const each : seal) out.put(static_cast<char>(each));
    if (out.flush()) return std::nullopt;
    return Error{WEIR_E_IO, "plugin.unwritable",
                 fmt::format("cannot be written: {}", std::strerror(errno))};
}

}  // namespace weir::host
