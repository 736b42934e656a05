// Reads a text file as a stream of lines.
#include <filesystem>
#include <fstream>
#include <weir/cpp/module.hpp>
#include <weir/cpp/one_stream.hpp>

#include "config_schema.h"

namespace {

weir::OneStream const lines{"acme", "lines",
                            {{"at", weir::Type::int64, false, "integer"},  // bytes up to its end
                             {"text", weir::Type::utf8, false, "text"}},
                            "at"};

class AcmeReader final : public weir::OneStreamReader {
public:
    AcmeReader(std::string const& path, weir::Read const& read)
        : OneStreamReader{lines, read}, file_{path, std::ios::binary} {
        if (!file_) throw weir::Error{WEIR_E_NOT_FOUND, "acme: cannot open " + path, "/url"};
        file_.seekg(at());
    }

private:
    bool record(weir::Batch& batch) override {
        std::string text;
        if (!std::getline(file_, text) || file_.eof()) return false;  // half a line: not yet
        auto const end = at() + static_cast<std::int64_t>(text.size()) + 1;
        row(batch, end, end, text);
        return true;
    }

    std::ifstream file_;
};

class Acme final : public weir::Source {
public:
    Acme(weir::Host const&, weir::Config const& config) {
        std::string const url = config.text("url");  // "acme:lines.txt"
        path_ = std::filesystem::current_path() / url.substr(url.find(':') + 1);
    }

    weir::Json describe() const { return {{"identity", "acme:" + path_}}; }
    void discover(weir::Call const&, std::string_view pattern, weir::Catalog& catalog) override {
        AcmeReader{path_, {}};  // says what is wrong before anybody reads
        lines.discover(pattern, catalog);
    }
    std::unique_ptr<weir::Reader> open(weir::Call const&, weir::Read const& read) override {
        return std::make_unique<AcmeReader>(path_, read);
    }

private:
    std::string path_;
};

}  // namespace

WEIR_PLUGIN("com.example.acme", "0.1.0",
            weir::connector<Acme>({"acme", "Lines of a text file", config_schema,
                                   R"({"schemes":["acme"]})"}))
