// A source and a sink in C++: tables in one JSON file.
#include <filesystem>

#include "config_schema.h"
#include "reader.hpp"
#include "writer.hpp"

namespace notebook {
namespace {

constexpr std::string_view scheme = "notebook:";

class Notebook final : public weir::Source, public weir::Sink {
public:
    Notebook(weir::Host const& host, weir::Config const& config)
        : host_{host}, book_{path_of(config.text("url"))} {}

    Json describe() const {
        return {{"identity", std::string{scheme} + book_.path()}, {"cursor", "atomic"}};
    }

    void discover(weir::Call const&, std::string_view pattern, weir::Catalog& catalog) override {
        notebook::discover(book_, pattern, catalog);
    }
    std::unique_ptr<weir::Reader> open(weir::Call const&, weir::Read const& read) override {
        return notebook::open(book_, read);
    }

    weir::Prepared prepare(weir::Call const&, weir::Target const& target,
                           std::vector<weir::FieldView> const& fields, bool dry_run) override {
        return notebook::prepare(book_, host_, target, fields, dry_run);
    }
    std::unique_ptr<weir::Writer> begin(weir::Call const&, weir::Begin const& begin,
                                        std::uint64_t& epoch, std::string& cursor) override {
        return notebook::begin(book_, host_, begin, epoch, cursor);
    }
    std::string peek(weir::Call const&, weir::Begin const& begin) override {
        return notebook::peek(book_, begin);
    }

private:
    static std::string path_of(std::string const& url) {
        if (!url.starts_with(scheme) || url.size() == scheme.size())
            throw weir::Error{WEIR_E_CONFIG, "notebook: the URL is notebook:PATH", "/url"}.coded(
                "notebook.url");
        return std::filesystem::absolute(url.substr(scheme.size()));
    }

    weir::Host host_;
    Book book_;
};

}  // namespace
}  // namespace notebook

WEIR_PLUGIN("com.example.notebook", "1.0.0",
            weir::connector<notebook::Notebook>({"notebook", "JSON notebook", config_schema,
                                                 R"({"schemes":["notebook"]})"}))
