#pragma once

#include <string>
#include <string_view>
#include <vector>
#include <weir/cpp/config.hpp>
#include <weir/cpp/error.hpp>

namespace weir::replication {

/// One thing that is wrong with a document. A value.
struct Finding {
    std::string pointer;     ///< JSON Pointer into what was sent
    std::string code;        ///< stable, dotted
    std::string detail;      ///< one sentence, with the user's own value; never a secret
    std::string suggestion;  ///< what to write instead; may be empty
};

/// Everything that is wrong with a document, in the order it was found.
class Findings {
public:
    static constexpr std::size_t findings_max = 100;

    /// What comes behind `findings_max` is dropped.
    void add(Finding finding);
    bool empty() const { return all_.empty(); }
    std::vector<Finding> const& all() const { return all_; }
    /// {"errors":[{pointer,code,detail,suggestion}]}
    Json json() const;
    /// Throws Refused unless empty.
    void check() const;

private:
    std::vector<Finding> all_;
};

/// A document that cannot be taken, with all that is wrong with it. As an Error it is the first.
class Refused : public Error {
public:
    explicit Refused(Findings findings);
    Findings const& findings() const { return findings_; }

private:
    Findings findings_;
};

/// `[A-Za-z0-9][A-Za-z0-9_-]{0,62}`: how people name jobs and connections.
bool is_id(std::string_view text);

/// The candidate nearest to `wanted` by edits; empty when none is near enough to be meant.
std::string nearest(std::string_view wanted, std::vector<std::string> const& candidates);

/// "a, b, c"
std::string listed(std::vector<std::string> const& names);

/// `name` as one part of a JSON Pointer.
std::string pointer_part(std::string_view name);

}  // namespace weir::replication
