#pragma once

#include <optional>
#include <string>
#include <vector>

#include "json.hpp"

namespace weir {

/// Typed reads of JSON that the host has validated against the component's schema. A value of
/// another type throws E_CONFIG with its pointer.
class Config {
public:
    Config() : json_(Json::object()) {}
    explicit Config(char const* text) {
        json_ = text && *text ? Json::parse(text, nullptr, false) : Json::object();
        if (!json_.is_object()) throw Error{WEIR_E_CONFIG, "the configuration is not an object"};
    }

    bool has(char const* name) const { return json_.contains(name) && !json_[name].is_null(); }
    std::string text(char const* name, std::string fallback = {}) const {
        return read<std::string>(name, &Json::is_string, "text", std::move(fallback));
    }
    std::int64_t integer(char const* name, std::int64_t fallback = 0) const {
        return read<std::int64_t>(name, &Json::is_number_integer, "a whole number", fallback);
    }
    bool flag(char const* name, bool fallback = false) const {
        return read<bool>(name, &Json::is_boolean, "true or false", fallback);
    }
    std::vector<std::string> names(char const* name) const {
        using Names = std::vector<std::string>;
        return read<Names>(name, &Json::is_array, "a list of names", {});
    }
    Json const& json() const { return json_; }

private:
    template <class T>
    T read(char const* name, bool (Json::*is)() const noexcept, char const* wanted,
           T fallback) const {
        if (!has(name)) return fallback;
        Json const& value = json_[name];
        try {
            if ((value.*is)()) return value.get<T>();
        } catch (Json::exception const&) {  // an element of a list has another type
        }
        throw Error{WEIR_E_CONFIG, std::string{name} + " must be " + wanted,
                    "/" + std::string{name}};
    }

    Json json_;
};

}  // namespace weir
