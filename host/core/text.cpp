#include "host/core/text.hpp"

#include <fmt/format.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>

namespace weir::host {

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

std::string with_commas(std::uint64_t number) {
    std::string out = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(out.size()) - 3; at > 0; at -= 3)
        out.insert(static_cast<std::size_t>(at), ",");
    return out;
}

std::string human_bytes(std::uint64_t bytes) {
    if (bytes < 1000) return fmt::format("{} B", bytes);
    double value = static_cast<double>(bytes);
    std::size_t unit = 0;
    constexpr std::array names{"B", "KB", "MB", "GB", "TB", "PB"};
    while (value >= 999.95 && unit + 1 < names.size()) value /= 1000, ++unit;
    return fmt::format("{:.1f} {}", value, names[unit]);
}

std::string make_ulid(std::int64_t unix_us) {
    constexpr std::string_view digits = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    std::array<unsigned char, 16> random{};
    for (std::size_t have = 0; have < random.size();) {
        ssize_t const got = getrandom(random.data() + have, random.size() - have, 0);
        if (got > 0) have += static_cast<std::size_t>(got);
    }
    std::string out(26, '0');
    auto ms = static_cast<std::uint64_t>(unix_us / 1000);
    for (std::size_t i = 10; i-- > 0; ms >>= 5) out[i] = digits[ms & 31];
    for (std::size_t i = 0; i < 16; ++i) out[10 + i] = digits[random[i] & 31];
    return out;
}

bool is_ulid(std::string_view text) {
    return text.size() == 26 &&
           text.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == text.npos;
}

std::string pointer_part(std::string_view name) {
    return (nlohmann::json::json_pointer{} / std::string{name}).to_string().substr(1);
}

bool is_pointer(std::string_view text) {
    if (!text.empty() && text.front() != '/') return false;
    for (std::size_t at = text.find('~'); at != text.npos; at = text.find('~', at + 1))
        if (at + 1 == text.size() || (text[at + 1] != '0' && text[at + 1] != '1')) return false;
    return true;
}

std::string fingerprint(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325u;
    for (char c : text) {
        hash ^= static_cast<unsigned char>(c);
        hash *= 0x100000001b3u;
    }
    return fmt::format("{:016x}", hash);
}

std::string shell_word(std::string_view text) {
    constexpr std::string_view safe = "_-.,:/@%+=";
    bool const is_plain = !text.empty() && std::ranges::all_of(text, [&](unsigned char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c >= 0x80 || safe.find(static_cast<char>(c)) != safe.npos;
    });
    if (is_plain) return std::string{text};
    std::string word{"'"};
    for (char const c : text) word += c == '\'' ? "'\\''" : std::string{c};
    return word + "'";
}

}  // namespace weir::host
