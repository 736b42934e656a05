#include "host/abi/boundary.hpp"

#include <fmt/format.h>

#include <cstring>
#include <new>

#include "host/abi/misdeeds.hpp"
#include "host/abi/utf8.hpp"

namespace weir::host {

namespace {

struct StatusName {
    weir_status status;
    char const *code, *name;
};

constexpr StatusName status_names[] = {
    {WEIR_E_INTERNAL, "plugin.internal", "E_INTERNAL"},
    {WEIR_E_UNSUPPORTED, "plugin.unsupported", "E_UNSUPPORTED"},
    {WEIR_E_CONFIG, "plugin.config", "E_CONFIG"},
    {WEIR_E_AUTH, "plugin.auth", "E_AUTH"},
    {WEIR_E_NOT_FOUND, "plugin.not_found", "E_NOT_FOUND"},
    {WEIR_E_CONFLICT, "plugin.conflict", "E_CONFLICT"},
    {WEIR_E_DATA, "plugin.data", "E_DATA"},
    {WEIR_E_IO, "plugin.io", "E_IO"},
    {WEIR_E_TIMEOUT, "plugin.timeout", "E_TIMEOUT"},
    {WEIR_E_CANCELLED, "cancelled", "E_CANCELLED"},
    {WEIR_E_BUSY, "plugin.busy", "E_BUSY"},
    {WEIR_E_NOMEM, "plugin.nomem", "E_NOMEM"},
    {WEIR_E_STATE, "plugin.state", "E_STATE"},
    {WEIR_E_FENCED, "plugin.fenced", "E_FENCED"},
    {WEIR_E_SCHEMA, "plugin.schema", "E_SCHEMA"},
};

StatusName const* find_name(weir_status status) {
    for (StatusName const& known : status_names)
        if (known.status == status) return &known;
    return nullptr;
}

template <std::size_t N>
std::string text_of(char const (&array)[N]) {
    return mend_utf8({array, ::strnlen(array, N)});
}

}  // namespace

void clear(weir_error& error) {
    error.struct_size = sizeof error;
    error.flags = 0;
    error.native_code = 0;
    error.reserved = 0;
    error.retry_after_ms = 0;
    error.sqlstate[0] = '\0';
    error.code[0] = '\0';
    error.where[0] = '\0';
    error.message[0] = '\0';
    error.suggestion[0] = '\0';
}

Error error_of(weir_status status, weir_error const& error, std::string_view who,
               std::string_view what) {
    StatusName const* known = find_name(status);
    std::string message = text_of(error.message);
    if (!known) {
        std::string const said = message.empty() ? "" : ": " + message;
        return Error{
            WEIR_E_INTERNAL, "plugin.unknown_status",
            fmt::format("{}: {}() answered the unknown status {}{}", who, what, status, said)};
    }
    if (message.empty())
        message = fmt::format("{}: {}() failed ({}) and did not say why", who, what, known->name);
    std::string code = text_of(error.code);
    Error out{status, code.empty() ? known->code : std::move(code), std::move(message),
              text_of(error.where)};
    out.suggestion = text_of(error.suggestion);
    out.sqlstate = text_of(error.sqlstate);
    out.flags = error.flags & (WEIR_ERR_RETRYABLE | WEIR_ERR_FINAL);
    out.retry_after_ms = error.retry_after_ms > 0 ? error.retry_after_ms : 0;
    return out;
}

Error Judge::broken(std::string_view what, std::string_view sentence) const {
    Error error{
        WEIR_E_INTERNAL, "plugin.broken_promise",
        fmt::format("{}: {}() {}; this is a bug in the plugin {}", who_, what, sentence, plugin())};
    Misdeeds::here().note(plugin(), error);
    return error;
}

Error Judge::failure(char const* what, CallContext const* context, weir_status status,
                     weir_error const& said) const {
    if (context && context->is_stopped()) return cancelled();
    if (context && context->is_late())
        return Error{WEIR_E_TIMEOUT, "plugin.timeout",
                     fmt::format("{}: {}() did not finish before its deadline", who_, what)};
    Error error = error_of(status, said, who_, what);
    if (error.suggestion.empty()) error.suggestion = generation_->remedy(error.code);
    if (error.status != WEIR_E_INTERNAL) return error;
    // Its own words need not say whose they are, nor where they came up.
    std::string const place = fmt::format("{}: {}()", who_, what);
    error.message = fmt::format("{}; this is a bug in the plugin {}",
                                error.message.starts_with(place)
                                    ? error.message
                                    : fmt::format("{} failed: {}", place, error.message),
                                plugin());
    Misdeeds::here().note(plugin(), error);
    return error;
}

Error Judge::cancelled() { return Error{WEIR_E_CANCELLED, "cancelled", "cancelled"}; }

Error Boundary::overlap(char const* what) const {
    return Error{WEIR_E_STATE, "host.overlap",
                 fmt::format("{}: {}() was called while another call was inside", who(), what)};
}

Error Judge::threw(char const* what) const {
    return broken(what, "let an exception cross the boundary");
}

CollectedText::CollectedText(std::size_t bytes_max)
    : abi_{sizeof abi_, 0, this,
           [](void* self, void const* data, std::size_t size) {
               return static_cast<CollectedText*>(self)->write(data, size);
           }},
      bytes_max_{bytes_max} {}

weir_status CollectedText::write(void const* data, std::size_t size) {
    if (size > bytes_max_ - text_.size()) {
        is_over_ = true;
        return WEIR_E_DATA;
    }
    try {
        if (size > 0) text_.append(static_cast<char const*>(data), size);
    } catch (std::bad_alloc const&) {
        return WEIR_E_NOMEM;
    }
    return WEIR_OK;
}

}  // namespace weir::host
