// Requests with bytes changed, cut out, doubled and mixed: the server lives, answers with a status
// of a refusal or closes, and never says that it has a bug. WEIR_MUTATIONS sets how many.
#include <cstdlib>
#include <random>
#include <set>

#include "http/server_fixture.hpp"

namespace weir::test {
namespace {

using namespace host::http;

class HttpMutation : public ServerFixture {
protected:
    static std::vector<std::string> seeds() {
        return {
            head("GET /livez"),
            with_token("GET /things/a%20b?c=d"),
            head("POST /echo", "Transfer-Encoding: chunked\r\n") +
                "5;a=b\r\nhello\r\n3\r\nabc\r\n0\r\nA: b\r\n\r\n",
            head("POST /echo", "Content-Length: 5\r\nExpect: 100-continue\r\n") + "hello",
            json_post("/documents", R"({"id":"a","list":[1,2.5e3,null,{"x":"\u00e9"}]})"),
            head("OPTIONS *") + head("HEAD /livez") + head("GET http://here/livez"),
        };
    }

    std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }

    std::string mutate(std::vector<std::string> const& from) {
        std::string out = from[below(from.size())];
        for (std::size_t round = 1 + below(4); round > 0 && !out.empty(); --round) {
            std::size_t const at = below(out.size()),
                              size = below(std::min<std::size_t>(out.size() - at, 20));
            std::string const& other = from[below(from.size())];
            switch (below(6)) {
                case 0: out[at] = static_cast<char>(out[at] ^ (1 << below(8))); break;
                case 1: out[at] = static_cast<char>(below(256)); break;
                case 2: out.erase(at, size); break;
                case 3: out.insert(at, out.substr(at, size)); break;
                case 4: out.insert(at, other.substr(below(other.size()), 20)); break;
                default: out.resize(at);
            }
        }
        return out;
    }

    std::mt19937 random_{20};
};

TEST_F(HttpMutation, IsAnsweredOrClosedNeverFatal) {
    add(
        "POST", "/documents", Scope::none,
        [](Request const& request) { return json_response(200, request.json); },
        nlohmann::json::parse(R"({"type":"object","properties":{"id":{"type":"string"}}})"));
    serve();
    std::set<unsigned> const allowed{0,   100, 200, 204, 400, 401, 404, 405,
                                     408, 413, 414, 415, 417, 422, 431};
    char const* const asked = std::getenv("WEIR_MUTATIONS");
    int const rounds = asked ? std::atoi(asked) : 5000;
    std::vector<std::string> const from = seeds();
    for (int i = 0; i < rounds; ++i) {
        std::string const bytes = mutate(from);
        Client client{port};
        client.send(bytes).finish();
        std::string const all = client.receive_all();
        unsigned const status = all.empty() ? 0 : static_cast<unsigned>(std::atoi(&all[9]));
        ASSERT_TRUE(allowed.contains(status)) << i << ": " << bytes << "\n" << all;
        ASSERT_EQ(all.find("host.bug"), std::string::npos) << i << ": " << bytes;
    }
    EXPECT_EQ(ask(port, head("GET /livez")).status, 200u);
    EXPECT_TRUE(log().empty()) << log().front();
}

}  // namespace
}  // namespace weir::test
