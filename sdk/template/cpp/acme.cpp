// Reads a text file as a stream of lines.
#include <fstream>
#include <weir/cpp/module.hpp>
#include <weir/cpp/one_stream.hpp>

#include "config_schema.h"

namespace {

weir::OneStream const lines{"acme", "lines",
                            {{"at", weir::Type::int64, false, "integer"},  // bytes up to its end
                             {"text", weir::Type::utf8, false, "text"}},
                            "at"};

class AcmeReader final : public weir::Reader {
public:
    AcmeReader(std::string const& path, weir::Read const& read)
        : file_{path, std::ios::binary}, fields_{lines.choose(read)}, rows_max_{read.rows_max},
          bytes_max_{read.bytes_max}, left_{read.limit}, at_{lines.position(read)},
          leaves_cursor_{lines.leaves_cursor(read)} {
        if (!file_) throw weir::Error{WEIR_E_NOT_FOUND, "acme: cannot open " + path, "/path"};
        file_.seekg(at_);
    }

    weir::Schema schema() const override { return fields_.schema(); }

    bool next(weir::Call const& call, weir::Batch& batch) override {
        call.check();  // throws when the host asked to stop
        std::string text;
        while (left_ > 0 && !batch.full(rows_max_, bytes_max_) && std::getline(file_, text) &&
               !file_.eof()) {  // half a line waits for the next run
            at_ += static_cast<std::int64_t>(text.size()) + 1;
            fields_.row(batch, at_, text);
            --left_;
        }
        if (batch.rows() > 0 || leaves_cursor_) batch.cursor(lines.cursor(at_));
        return batch.rows() > 0;
    }

private:
    std::ifstream file_;
    weir::ChosenFields fields_;
    std::int64_t rows_max_;
    std::size_t bytes_max_;
    std::int64_t left_, at_;
    bool leaves_cursor_;
};

class Acme final : public weir::Source {
public:
    Acme(weir::Host const&, weir::Config const& config) : path_{config.text("path")} {}

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
            weir::connector<Acme>({"acme", "Lines of a text file", config_schema}))
