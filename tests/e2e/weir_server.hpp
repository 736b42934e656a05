#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/http/client.hpp"
#include "support/weir.hpp"

namespace weir::test {

/// An answer of the server under test.
struct Answer {
    unsigned status = 0;
    std::map<std::string, std::string> headers;  ///< lower-case names
    std::string text;
    Json body;  ///< null: no JSON

    std::string code() const;  ///< of a problem; empty: none
};
std::ostream& operator<<(std::ostream& out, Answer const& answer);

/// `weir serve` on a free port of 127.0.0.1; killed when this ends.
class WeirServer {
public:
    /// `data` is its data directory. Waits until it is ready; throws what it said when it is not.
    explicit WeirServer(std::string data, std::vector<std::string> more = {},
                        ProcessOptions const& options = {});

    int port() const { return port_; }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    std::string token() const;
    Process& process() { return *process_; }

    /// One request, signed in. `headers` overrule: {"Authorization", ""} takes the token away.
    Answer call(std::string const& method, std::string const& path, Json const& body = nullptr,
                std::map<std::string, std::string> headers = {}) const;
    /// The same with a body that is no JSON.
    Answer post_text(std::string const& path, std::string const& text,
                     std::string const& type) const;
    Answer get(std::string const& path) const { return call("GET", path); }
    Answer post(std::string const& path, Json const& body = Json::object(),
                std::map<std::string, std::string> headers = {}) const {
        return call("POST", path, body, std::move(headers));
    }
    /// Starts the job and waits for the end of its run.
    Answer run_job(std::string const& id) const;
    /// The command line as a client of this server.
    Ran cli(std::vector<std::string> arguments) const;

private:
    Answer exchange(host::http::ClientRequest request) const;

    std::string data_;
    std::unique_ptr<Process> process_;
    int port_ = 0;
};

/// Looks again and again until `holds`; false after `patience`.
bool eventually(std::function<bool()> const& holds);

}  // namespace weir::test
