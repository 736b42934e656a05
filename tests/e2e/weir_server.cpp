#include "e2e/weir_server.hpp"

#include <fstream>
#include <stdexcept>

#include "host/http/client.hpp"

namespace weir::test {

std::string Answer::code() const {
    return body.is_object() && body.contains("code") ? body["code"].get<std::string>() : "";
}

std::ostream& operator<<(std::ostream& out, Answer const& answer) {
    return out << answer.status << ' ' << answer.text.substr(0, 4000);
}

WeirServer::WeirServer(std::string data, std::vector<std::string> more,
                       ProcessOptions const& options)
    : data_{std::move(data)} {
    std::vector<std::string> arguments{"serve",    "--data-dir",  data_,
                                       "--listen", "127.0.0.1:0", "--print-port"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    process_ = std::make_unique<Process>(weir_command(arguments), options);
    auto const is_told = [this] { return process_->out().find('\n') != std::string::npos; };
    if (!eventually([&] { return is_told() || process_->ended(); }) || !is_told())
        throw std::runtime_error{"weir serve did not start: " + process_->output()};
    port_ = std::stoi(process_->out());
}

std::string WeirServer::token() const {
    std::ifstream file{data_ + "/admin-token"};
    std::string token;
    std::getline(file, token);
    return token;
}

Answer WeirServer::call(std::string const& method, std::string const& path, Json const& body,
                        std::map<std::string, std::string> headers) const {
    host::http::ClientRequest request;
    request.method = method;
    request.target = path;
    request.headers = std::move(headers);
    if (!body.is_null()) {
        request.headers.emplace("Content-Type", "application/json");
        request.body = body.dump();
    }
    return exchange(std::move(request));
}

Answer WeirServer::post_text(std::string const& path, std::string const& text,
                             std::string const& type) const {
    return exchange({"POST", path, {{"Content-Type", type}}, text});
}

Answer WeirServer::exchange(host::http::ClientRequest request) const {
    if (!request.headers.contains("Authorization"))
        request.headers["Authorization"] = "Bearer " + token();
    else if (request.headers["Authorization"].empty())
        request.headers.erase("Authorization");
    request.timeout_ms = std::chrono::milliseconds{patience}.count();
    auto const got = host::http::send(url(), request);
    if (!got) throw std::runtime_error{got.error().message + "\n" + process_->output()};
    Answer answer{got->status, got->headers, got->body, nullptr};
    Json json = Json::parse(answer.text, nullptr, false);
    if (!json.is_discarded()) answer.body = std::move(json);
    return answer;
}

Answer WeirServer::run_job(std::string const& id) const {
    return post("/replication/jobs/" + id + "/run", Json::object(), {{"Prefer", "wait=60"}});
}

Ran WeirServer::cli(std::vector<std::string> arguments) const {
    for (std::string const& more :
         {std::string{"--server"}, url(), std::string{"--token-file"}, data_ + "/admin-token"})
        arguments.push_back(more);
    return weir(arguments);
}

bool eventually(std::function<bool()> const& holds) {
    auto const late = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < late)
        if (holds()) return true;
    return false;
}

}  // namespace weir::test
