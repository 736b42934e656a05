#pragma once

#include <boost/system/result.hpp>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "weir/abi.h"

namespace weir::host {

/// Why something did not work, for a person and for the code that decides what to do next.
///
/// `status` says whose move it is (the table in sdk/include/weir/abi.h), `code` is stable and
/// dotted ("sink.fenced"), `message` one sentence without secrets: what, where, what to do.
class Error {
public:
    Error() = default;
    Error(weir_status why, std::string dotted, std::string sentence, std::string place = {})
        : status{why},
          code{std::move(dotted)},
          message{std::move(sentence)},
          where{std::move(place)} {}

    Error suggest(std::string what) const {
        Error copy = *this;
        copy.suggestion = std::move(what);
        return copy;
    }

    weir_status status = WEIR_E_INTERNAL;
    std::uint32_t flags = 0;  ///< WEIR_ERR_*
    std::string code, message, where, suggestion, sqlstate;
    std::int64_t retry_after_ms = 0;
};

[[noreturn]] inline void throw_exception_from_error(Error const& error,
                                                    boost::source_location const&) {
    throw std::runtime_error{error.message};
}

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace weir::host
