#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace weir::host::http {

/// What a request may do, and what a route asks for: read < run < write < admin; `ingest` is for
/// sending events alone.
enum class Scope { none, ingest, read, run, write, admin };

char const* name_of(Scope scope);
std::optional<Scope> scope_named(std::string_view name);
/// Whether who has `has` may call what needs `needed`.
bool allows(Scope has, Scope needed);

/// Who asks: what a token or a session stands for. A value.
struct Principal {
    std::string id;                ///< "admin", or the token's; empty: nobody signed in
    Scope scope = Scope::none;
    std::string jobs = {};         ///< "users_*": the jobs it is limited to; empty: all
    std::string session = {};      ///< the session's id, when a cookie signed it in
    std::int64_t expires_us = 0;   ///< unix time; 0: never

    bool is_limited() const { return !jobs.empty(); }
    bool may_see(std::string_view job) const;
};

/// A filter of jobs: letters of ids, and `*` as the last one for any rest.
bool is_job_filter(std::string_view text);

/// {"id","scope","jobs"?}, as plugins get it.
std::string to_json(Principal const& who);

}  // namespace weir::host::http
