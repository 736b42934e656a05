#pragma once

#include <exception>
#include <string>

#include "../abi.h"

namespace weir::detail {

/// A weir_out that keeps what the host writes. Neither copied nor moved: the host has its address.
class Collected {
public:
    Collected() = default;
    Collected(Collected const&) = delete;
    Collected& operator=(Collected const&) = delete;

    weir_out const* abi() const { return &abi_; }
    std::string const& text() const { return text_; }

private:
    static weir_status write(void* self, void const* data, std::size_t size) {
        try {
            if (size > 0)
                static_cast<Collected*>(self)->text_.append(static_cast<char const*>(data), size);
            return WEIR_OK;
        } catch (std::exception const&) {
            return WEIR_E_NOMEM;
        }
    }

    std::string text_;
    weir_out abi_{sizeof(weir_out), 0, this, write};
};

}  // namespace weir::detail
