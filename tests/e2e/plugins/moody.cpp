// A service that starts, and fails whenever it is asked.
#include <stdexcept>
#include <weir/cpp/module.hpp>

namespace {

constexpr char schema[] = R"({"type": "object", "properties": {}, "additionalProperties": false})";
constexpr char meta[] = R"({"mounts": ["/moody"], "topics": [{"topic": "runner/1:run"}],
  "routes": [{"id": "get", "method": "GET", "path": "/moody", "scope": "read"}]})";

class Moody final : public weir::Service {
public:
    Moody(weir::Host const&, weir::Config const&) {}
    void on_http(weir::Call const&, std::string_view, weir::Http&) override {
        throw std::runtime_error{"not today"};
    }
    void on_event(weir::Call const&, weir::Event const&) override {
        throw std::runtime_error{"not now"};
    }
};

}  // namespace

WEIR_PLUGIN("dev.weir.test.moody", "0.1.0",
            weir::service<Moody>({"moody", "Fails when asked", schema, meta}))
