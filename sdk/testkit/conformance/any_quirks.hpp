#pragma once

#include <filesystem>
#include <stdexcept>
#include <string>

#include "weir/testkit/quirks.hpp"

namespace weir::testkit {

/// A case needs what nobody told: neither passed nor failed.
class NotTold : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// What the suite must be told about a connector, out of a specification (README.md) and of what
/// the library offers: a connector that reads and writes makes its records itself and reads them
/// back. Throws NotTold for the rest.
class AnyQuirks final : public Quirks {
public:
    /// Of the process; set before the first test.
    static Json& spec();
    /// What the last NotTold of this process said; empty: all was told.
    static std::string& not_told();

    AnyQuirks();
    ~AnyQuirks() override;

    std::string library() override { return text("library"); }
    std::string component() override { return text("component"); }
    Json config() override;
    std::vector<std::string> secrets() override;
    std::vector<Json> broken_configs() override;
    Sample make(std::int64_t rows, std::int64_t ties) override;
    std::vector<Record> content(std::string const& target) override;
    bool exists(std::string const& target) override;
    void drop(std::string const& target) override;

private:
    std::string text(char const* name) const { return spec().value(name, ""); }
    std::string filled(std::string text) const;
    Json filled(Json value) const;
    std::string run(std::string const& option) const;
    void make_with_sink(std::int64_t rows, std::int64_t ties);
    Sample sample();
    bool has_role(std::uint32_t role);
    weir_component const& its_component();

    std::filesystem::path directory_;
    std::int64_t rows_ = 3, ties_ = 1;
    std::string target_;
    bool is_made_by_sink_ = false;
    TestHost host_;
};

}  // namespace weir::testkit
