#include "host/http/gzip.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace weir::host::http {

namespace {

constexpr int window_bits = 15, gzip_only = 16;

Bytef* bytes_of(std::string_view text) {
    return const_cast<Bytef*>(reinterpret_cast<Bytef const*>(text.data()));
}

}  // namespace

std::string gzipped(std::string_view text) {
    z_stream stream{};
    constexpr int fast = 4, memory = 8;
    if (deflateInit2(&stream, fast, Z_DEFLATED, window_bits + gzip_only, memory,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        throw std::bad_alloc{};
    std::string out(deflateBound(&stream, text.size()), '\0');
    stream.next_in = bytes_of(text);
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = bytes_of(out);
    stream.avail_out = static_cast<uInt>(out.size());
    int const done = deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    if (done != Z_STREAM_END) throw std::runtime_error{"an answer could not be compressed"};
    return out;
}

std::optional<std::string> gunzipped(std::string_view packed, std::size_t bytes_max,
                                     bool& is_too_large) {
    is_too_large = false;
    z_stream stream{};
    if (inflateInit2(&stream, window_bits + gzip_only) != Z_OK) throw std::bad_alloc{};
    stream.next_in = bytes_of(packed);
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    std::array<char, 16384> piece;
    int done = Z_OK;
    while (done == Z_OK && !is_too_large) {
        stream.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream.avail_out = piece.size();
        done = inflate(&stream, Z_NO_FLUSH);
        out.append(piece.data(), piece.size() - stream.avail_out);
        is_too_large = out.size() > bytes_max;
        if (done == Z_STREAM_END && stream.avail_in > 0) done = inflateReset(&stream);
        bool const is_cut = done == Z_OK && stream.avail_in == 0 && stream.avail_out > 0;
        if (is_cut) done = Z_DATA_ERROR;
    }
    inflateEnd(&stream);
    if (done != Z_STREAM_END || is_too_large) return std::nullopt;
    return out;
}

std::optional<Response> unpack_body(std::size_t bytes_max, std::size_t ratio_max,
                                    Request& request) {
    auto const coding = request.headers.find("content-encoding");
    if (coding == request.headers.end() || coding->second == "identity") return std::nullopt;
    if (coding->second != "gzip")
        return problem(415, "request.content_encoding", "",
                       "a body may be compressed with gzip, and with nothing else");
    std::size_t const most = std::min(bytes_max, request.body.size() * ratio_max);
    bool is_too_large = false;
    auto plain = gunzipped(request.body, most, is_too_large);
    if (is_too_large)
        return problem(413, "request.too_large", "",
                       fmt::format("the body may have at most {} bytes here, and {} times its "
                                   "compressed size",
                                   bytes_max, ratio_max));
    if (!plain) return problem(400, "request.malformed", "", "the body is no whole gzip");
    request.body = *std::move(plain);
    request.headers.erase(coding);
    return std::nullopt;
}

}  // namespace weir::host::http
