// A service that cannot start.
#include <weir/cpp/module.hpp>

namespace {

constexpr char schema[] = R"({"type": "object", "properties": {}, "additionalProperties": false})";
constexpr char meta[] = R"({"mounts": ["/lame"], "provides": ["lame/1"],
  "routes": [{"id": "get", "method": "GET", "path": "/lame", "scope": "read"}],
  "methods": [{"service": "lame/1", "method": "walk"}]})";

class Lame final : public weir::Service {
public:
    Lame(weir::Host const&, weir::Config const&) {}
    void start(weir::Call const&) override {
        throw weir::Error{WEIR_E_IO, "the far end does not answer"}.coded("lame.down");
    }
};

}  // namespace

WEIR_PLUGIN("dev.weir.test.lame", "0.1.0",
            weir::service<Lame>({"lame", "Cannot start", schema, meta}))
