#include "values.hpp"

#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <string_view>

namespace weir::generator {

namespace {

constexpr std::array<std::string_view, 16> first_names{
    "Ada",  "Barbara", "Chen",      "Dorothy", "Edsger",   "Frances", "Grace", "Hedy",
    "Ivan", "Joan",    "Katherine", "Linus",   "Margaret", "Niklaus", "Radia", "Sofia"};
constexpr std::array<std::string_view, 16> last_names{
    "Allen",   "Borg",   "Clarke", "Dijkstra", "Easley",  "Feinler", "Goldberg", "Hopper",
    "Johnson", "Keller", "Liskov", "Müller",   "Noether", "Perlman", "Ritchie",  "Wilson"};
constexpr std::array<std::string_view, 16> cities{
    "Berlin", "Bogotá", "Cairo",  "Dakar",  "Delhi",    "Hanoi",   "Kyoto", "Lagos",
    "Lima",   "Lisbon", "London", "Málaga", "Montréal", "Nairobi", "Oslo",  "Zürich"};

constexpr std::int64_t first_second = 1'600'000'000;  // 2020-09-13
constexpr std::int64_t second_us = 1'000'000, day_s = 86'400;

/// splitmix64's finisher (Steele, Lea, Flood 2014): every bit of the input reaches every bit.
std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/// Builds a short text in place.
class Text {
public:
    explicit Text(Column& column) : column_{column}, at_{column.text_room(room)} { begin_ = at_; }
    Text& operator<<(std::string_view part) {
        std::memcpy(at_, part.data(), part.size());
        at_ += part.size();
        return *this;
    }
    Text& operator<<(std::int64_t number) {
        at_ = std::to_chars(at_, begin_ + room, number).ptr;
        return *this;
    }
    ~Text() { column_.text_done(static_cast<std::size_t>(at_ - begin_)); }
    Text(Text const&) = delete;
    Text& operator=(Text const&) = delete;

private:
    static constexpr std::size_t room = 128;
    Column& column_;
    char* begin_;
    char* at_;
};

void decimal(Column& column, std::int64_t value) {
    std::int64_t const words[2] = {value, value < 0 ? -1 : 0};
    column.bytes16(words);
}

void letters(Column& column, std::uint64_t random, std::size_t size) {
    char* at = column.text_room(size);
    for (std::size_t i = 0; i < size; ++i) {
        if (i % 12 == 11) random = mix(random + i);
        at[i] = static_cast<char>('a' + (random >> (i % 12 * 5)) % 26);
    }
    column.text_done(size);
}

}  // namespace

std::uint64_t Values::draw(std::size_t index, std::int64_t id) const {
    return mix(seed_ + 0x9e3779b97f4a7c15u * (static_cast<std::uint64_t>(id) * 64 + index + 1));
}

void Values::user(Column& column, std::size_t index, std::int64_t id) const {
    std::uint64_t const random = draw(index, id);
    switch (index) {
        case 0: return column.integer(id);
        case 1:
            Text{column} << first_names[random % 16] << " " << last_names[random / 16 % 16];
            return;
        case 2:
            if (random % 16 == 0) return column.null();
            Text{column} << "user" << id << "@example.com";
            return;
        case 3: return column.text(cities[random % 16]);
        case 4: return decimal(column, static_cast<std::int64_t>(random % 100'000'000));
        case 5: {
            std::int64_t const jitter_us = static_cast<std::int64_t>(random % 60'000'000);
            return column.integer((first_second + id * 60) * second_us + jitter_us);
        }
        default: return column.boolean(random % 4 != 0);
    }
}

void Values::any(Column& column, std::size_t index, std::int64_t id, bool nullable) const {
    std::uint64_t const random = draw(index, id);
    if (nullable && random >> 60 == 0) return column.null();
    auto const small = static_cast<std::int64_t>(random % 4'000'000'000);
    switch (column.type()) {
        case Type::boolean: return column.boolean(random & 1);
        case Type::int64:
            return column.integer(index == 0 ? id : std::bit_cast<std::int64_t>(random));
        case Type::uint64: return column.unsigned_integer(random);
        case Type::float32: return column.float32(static_cast<float>(small) / 1024);
        case Type::float64: return column.float64(static_cast<double>(small) / 4096);
        case Type::uuid: {
            std::uint64_t const words[2] = {random, mix(random)};
            return column.bytes16(words);
        }
        case Type::date: return column.integer(small / 100'000);
        case Type::time: return column.integer(small % (day_s * second_us));
        case Type::timestamp:
        case Type::instant: return column.integer(small * second_us + small % second_us);
        case Type::decimal: return decimal(column, std::bit_cast<std::int64_t>(random));
        case Type::numeric: Text{column} << small << "." << small % 100'000; return;
        case Type::json: Text{column} << "{\"n\": " << small << ", \"ok\": true}"; return;
        default: return letters(column, random, static_cast<std::size_t>(text_chars_));
    }
}

}  // namespace weir::generator
