#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

#include "weir/abi.h"

namespace weir::host {

// frame    := {u32 size, u16 op, u16 kind} size bytes of arguments, in the order of the signature
// number   := 8 bytes of the machine      text := u32 size, bytes, NUL      size ~0: null
//
// Both ends are this build of Weir on one machine, so nothing is swapped and no version is told.

/// What is asked of the other side.
enum class Op : std::uint16_t {
    // of the child
    hello,  ///< the page comes with it → components and what they have, the manifest
    line,   ///< a descriptor comes with it: another line to serve
    create,
    destroy,
    describe,
    interrupt_instance,
    discover,
    open,
    schema,
    next,
    interrupt_reader,
    close_reader,
    prepare,
    begin,
    write,
    commit,
    sweep,
    peek,
    interrupt_writer,
    close_writer,
    on_http,
    on_event,
    on_invoke,
    on_timer,
    start,
    stop,
    // of the host, within a call: its visitors
    out_write,
    catalog_add,
    reject,
    refuse,
    keep_refused,
    missing_keys,
    http_header,
    http_param,
    http_status,
    http_set_header,
    http_write,
    // of the host, at any time: its services
    log,
    log_enabled,
    unix_us,
    monotonic_ns,
    started_us,
    has_service,
    metric_define,
    metric_record,
    store_get,
    store_put,
    store_del,
    store_list,
    store_apply,
    secret_put,
    secret_del,
    timer_arm,
    timer_disarm,
    bus_publish,
    bus_invoke,
};

/// What came over a line is not what its other end may send.
struct BadFrame : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Arguments for the other side.
class Packer {
public:
    Packer& number(std::uint64_t value);
    Packer& number(std::int64_t value) { return number(static_cast<std::uint64_t>(value)); }
    Packer& number(std::uint32_t value) { return number(std::uint64_t{value}); }
    Packer& number(std::int32_t value) { return number(std::int64_t{value}); }
    Packer& number(double value);
    template <class T>
    Packer& pointer(T const* value) {
        return number(static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(value)));
    }
    /// Null is told from "".
    Packer& text(char const* value);
    Packer& bytes(void const* data, std::size_t size);
    Packer& bytes(std::string_view value) { return bytes(value.data(), value.size()); }
    /// Of a failed call; null: nobody asked why.
    Packer& error(weir_error const* value);

    std::string const& data() const { return data_; }

private:
    std::string data_;
};

/// Arguments as they came; what it answers points into them. Throws BadFrame at their end.
class Unpacker {
public:
    Unpacker() = default;
    explicit Unpacker(std::string data) : data_{std::move(data)} {}

    std::uint64_t number();
    std::int64_t integer() { return static_cast<std::int64_t>(number()); }
    std::uint32_t word() { return static_cast<std::uint32_t>(number()); }
    weir_status status() { return static_cast<weir_status>(integer()); }
    double real();
    template <class T>
    T* pointer() {
        return reinterpret_cast<T*>(static_cast<std::uintptr_t>(number()));
    }
    /// NUL-terminated, or null.
    char const* text();
    std::string_view bytes();
    /// Into `out`, unless that is null.
    void error(weir_error* out);
    bool is_at_end() const { return at_ == data_.size(); }

private:
    char const* take(std::size_t size);

    std::string data_;
    std::size_t at_ = 0;
};

}  // namespace weir::host
