#include "host/http/idempotency.hpp"

#include <sodium.h>

#include <algorithm>

namespace weir::host::http {

namespace {

constexpr std::size_t key_bytes_max = 255;

bool is_key(std::string const& key) {
    return !key.empty() && key.size() <= key_bytes_max &&
           std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

std::string fingerprint_of(Request const& request) {
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    for (std::string const* part :
         {&request.method, &request.path, &request.query, &request.body}) {
        std::string const size = std::to_string(part->size()) + ":";
        for (std::string const* piece : {&size, part})
            crypto_hash_sha256_update(
                &state, reinterpret_cast<unsigned char const*>(piece->data()), piece->size());
    }
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_final(&state, digest);
    char hex[2 * sizeof digest + 1];
    sodium_bin2hex(hex, sizeof hex, digest, sizeof digest);
    return hex;
}

/// What may be another answer the next time is not kept.
bool is_lasting(unsigned status) { return status < 500 && status != 409 && status != 429; }

}  // namespace

Repeated::Repeated(Replays& replays, Request const& request, std::string key)
    : replays_{replays},
      principal_{request.who.id},
      key_{std::move(key)},
      fingerprint_{fingerprint_of(request)} {}

Repeated::~Repeated() {
    if (is_open_) replays_.end(principal_, key_, fingerprint_, nullptr);
}

std::optional<Response> Repeated::begin() {
    if (!is_key(key_))
        return problem(Error{WEIR_E_CONFIG, "request.idempotency_key",
                             "an Idempotency-Key has 1 to 255 visible characters"});
    Result<Replays::Begun> begun = replays_.begin(principal_, key_, fingerprint_);
    if (!begun) return problem(begun.error());
    switch (begun->how) {
        case Replays::How::fresh: is_open_ = true; return std::nullopt;
        case Replays::How::replayed:
            begun->answer.headers.emplace_back("idempotency-replayed", "true");
            return std::move(begun->answer);
        case Replays::How::at_work: {
            Error first{WEIR_E_CONFLICT, "request.idempotency_at_work",
                        "the first request with this Idempotency-Key is still at work"};
            return problem(first);
        }
        case Replays::How::other_request: break;
    }
    return problem(Error{WEIR_E_CONFIG, "request.idempotency_mismatch",
                         "this Idempotency-Key came with another request; use a new one"});
}

void Repeated::end(Response const& answer, bool shows_secret) {
    is_open_ = false;
    bool const is_kept = is_lasting(answer.status) && !answer.stream;
    if (!is_kept) return replays_.end(principal_, key_, fingerprint_, nullptr);
    if (!shows_secret || answer.status >= 400)
        return replays_.end(principal_, key_, fingerprint_, &answer);
    Response const gone = problem(
        Error{WEIR_E_CONFLICT, "request.shown_once",
              "this was done, and its answer held a secret that is shown once"});
    replays_.end(principal_, key_, fingerprint_, &gone);
}

}  // namespace weir::host::http
