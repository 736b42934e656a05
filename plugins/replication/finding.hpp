#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/problems.hpp>

namespace weir::replication {

/// Everything that is wrong with a document, in the order it was found. What comes behind
/// `findings_max` is dropped.
class Findings : public Problems {
public:
    static constexpr std::size_t findings_max = 100;

    void add(Finding finding) {
        if (findings().size() < findings_max) Problems::add(std::move(finding));
    }
};

/// `[A-Za-z0-9][A-Za-z0-9_-]{0,62}`: how people name jobs and connections.
bool is_id(std::string_view text);

/// "a, b, c"
std::string listed(std::vector<std::string> const& names);

/// "/config/host, /config/port": where two documents differ; empty: nowhere.
std::string differences(Json const& before, Json const& after);

/// The text member `name`; empty where it is missing or no text.
std::string text_of(Json const& object, char const* name);

/// `name` as one part of a JSON Pointer.
std::string pointer_part(std::string_view name);

}  // namespace weir::replication
