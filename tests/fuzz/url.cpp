// A text as the URL of a connection: of a PostgreSQL server, of a SQLite file.
#include "connectors/postgres/settings.hpp"
#include "connectors/sqlite/location.hpp"
#include "fuzz/target.hpp"

using weir::test::must;

namespace {

weir::Config config_of(std::string const& url) {
    return weir::Config{weir::Json{{"url", url}}.dump().c_str()};
}

/// Whatever is wrong with a URL, it is an error of configuration that says where.
template <class Read>
void read_with(Read const& read) {
    try {
        read();
    } catch (weir::Error const& error) {
        must(error.status == WEIR_E_CONFIG, "a bad URL is an error of configuration");
        must(error.where == "/url", "an error says where");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* bytes, std::size_t size) {
    std::string const url{weir::test::text_of(bytes, size)};
    weir::Config config;
    try {
        config = config_of(url);
    } catch (std::exception const&) {
        return 0;  // no UTF-8: no configuration holds it
    }
    read_with([&] {
        weir::postgres::Settings const settings{config};
        must(settings.identity().starts_with("postgres://"), "an identity is a URL");
        must(settings.identity().find_first_of(" \r\n\t") == std::string::npos ||
                 settings.address().find_first_of(" \r\n\t") != std::string::npos,
             "what an identity adds is encoded");
        must(settings.connect_timeout_ms() >= 0, "a limit is no negative time");
        std::string const password = settings.parameters().contains("password")
                                         ? settings.parameters().at("password")
                                         : std::string{};
        if (password.size() >= 4)
            must(settings.scrub("a " + password + " b").find(password) == std::string::npos ||
                     std::string{"a *** b"}.find(password) != std::string::npos,
                 "a password is taken out of what others say");
    });
    read_with([&] {
        weir::sqlite::Location const location = weir::sqlite::Location::of(config);
        must(location.file.starts_with('/'), "a file is an absolute path");
        must(location.file.find('\0') == std::string::npos, "a file has no NUL");
    });
    return 0;
}
