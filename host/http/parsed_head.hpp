#pragma once

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <string>

#include "host/http/guard.hpp"

namespace weir::host::http {

/// What Beast's parser made of a request's head, for the guard. Of session.cpp and its fuzz target
/// alone: Beast is slow to compile.
inline Head head_of(boost::beast::http::request_header<> const& parsed) {
    Head out{std::string{parsed.method_string()},
             std::string{parsed.target()},
             parsed.version() == 11,
             {}};
    for (auto const& field : parsed)
        out.fields.emplace_back(std::string{field.name_string()}, std::string{field.value()});
    return out;
}

}  // namespace weir::host::http
