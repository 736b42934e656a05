#pragma once

#include <string>

#include "host/abi/service_answer.hpp"
#include "weir/service.h"

namespace weir::host {

/// One weir_http: shows a request to a plugin and collects its answer, checked. Neither copied nor
/// moved, since the plugin has its address; used by one thread.
class HttpExchange {
public:
    static constexpr std::size_t body_bytes_max = 16u << 20, headers_max = 64,
                                 header_bytes_max = 8u << 10;

    /// `request` outlives this.
    explicit HttpExchange(HttpRequest const& request);
    HttpExchange(HttpExchange const&) = delete;
    HttpExchange& operator=(HttpExchange const&) = delete;

    weir_http const* abi() const { return &abi_; }

    /// status() was called with a status that is possible.
    bool has_status() const { return answer_.status != 0; }
    /// What the plugin wrote, which is findings when it failed before status().
    std::string const& written() const { return answer_.body; }
    /// Which promise the plugin broke, as "called status() twice"; empty: none. Asked before
    /// take(), when on_http() returned.
    std::string broken() const;
    /// It broke one already.
    bool is_broken() const { return !fault_.empty(); }
    HttpAnswer take();

private:
    static char const* header(weir_http const* http, char const* name);
    static char const* param(weir_http const* http, char const* name);
    static weir_status set_status(weir_http const* http, std::uint32_t code);
    static weir_status set_header(weir_http const* http, char const* name, char const* value);
    static weir_status write(weir_http const* http, void const* data, std::size_t size);

    weir_status refuse(weir_status why, std::string sentence);
    weir_status take_status(std::uint32_t code);
    weir_status take_header(std::string_view name, std::string_view value);
    weir_status take_body(void const* data, std::size_t size);

    weir_http abi_;
    HttpRequest const& request_;
    HttpAnswer answer_;
    std::string fault_;  ///< the first one
    bool has_body_ = false;
};

}  // namespace weir::host
