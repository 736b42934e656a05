#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <weir/cpp/service.hpp>

#include "finding.hpp"

namespace weir::replication {

/// Where this plugin runs. Thread-safe.
struct Context {
    Host host;
    std::string local_url;  ///< of the connection `local`

    Json ask(Call const& call, char const* service, char const* method, Json const& in) const {
        return host.bus().invoke(call, service, method, in);
    }
    /// "2026-03-01T09:12:44.120Z"
    std::string now() const;
};

/// RFC 3339 in UTC with milliseconds, and back; nothing when `text` is no such time.
std::string time_text(std::int64_t unix_us);
std::optional<std::int64_t> unix_us_of(std::string const& text);

/// One page of a list: `limit` 1…1000 (default 50), `cursor` as the page before gave it.
struct Page {
    std::uint32_t limit = 50;
    std::string cursor;

    /// Throws E_CONFIG "request.bad_parameter".
    static Page of(Http const& http);
};

/// The query parameter `name` as a whole number in [least, most]; throws E_CONFIG.
std::int64_t number_param(Http const& http, char const* name, std::int64_t fallback,
                          std::int64_t least, std::int64_t most);

/// The body, which must be an object; throws E_CONFIG.
Json object_body(Http const& http);

/// Documents of one collection by pages; `cursor` is the key of the last one shown.
Json list_page(Call const& call, Context const& context, char const* collection, Page const& page,
               std::function<Json(Document const&)> const& show);

/// Puts secrets into the vault, and their marks into `record["marks"]`.
void keep_secrets(Call const& call, Context const& context,
                  std::map<std::string, std::string> const& secrets, Json& record);

/// Changes one stored document until nobody came between; nothing stored: throws `missing`.
Document change(Call const& call, Context const& context, char const* collection,
                std::string const& key, Error const& missing,
                std::function<void(Json&)> const& work);

}  // namespace weir::replication
