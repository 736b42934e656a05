#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "finding.hpp"

namespace weir::replication {

/// The members of one object of a document, read once.
///
/// Every read names a member; what is there and was never named is a finding of finish(), with the
/// nearest name. A value of the wrong type is a finding and reads as absent, and so is null without
/// one. Borrows the object and the findings.
class Fields {
public:
    /// `at`: the JSON Pointer of the object. Anything but an object is a finding, and empty.
    Fields(Json const& object, std::string at, Findings& findings);

    bool has(char const* name) const;
    Json const* any(char const* name);
    std::optional<std::string> text(char const* name);
    /// A finding when it is missing or empty.
    std::string needed_text(char const* name);
    std::optional<std::string> id(char const* name);
    std::optional<std::string> one_of(char const* name, std::vector<std::string> const& allowed);
    std::optional<std::int64_t> integer(char const* name, std::int64_t least, std::int64_t most);
    std::optional<bool> flag(char const* name);
    /// One name, or a list of them; each once and none empty.
    std::optional<std::vector<std::string>> names(char const* name);
    Json const* object(char const* name);

    /// The first of `spellings` that is there: one field under several names. Two at once is a
    /// finding. Answers the first name when none is there.
    char const* spelling(std::initializer_list<char const*> spellings);
    /// Members that answers carry and documents need not: taken without a word.
    void ignore(std::initializer_list<char const*> names);
    /// Members of the language that this version cannot do: a finding each that says so.
    void unavailable(std::initializer_list<char const*> names);

    void wrong(char const* name, std::string code, std::string detail, std::string suggestion = {});
    std::string pointer(char const* name) const;
    void finish();

private:
    Json const* typed(char const* name, bool (Json::*is)() const noexcept, char const* wanted);

    Json const& object_;
    std::string at_;
    Findings& findings_;
    std::vector<std::string> known_;
};

}  // namespace weir::replication
