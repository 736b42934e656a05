// A service in C++: routes of its own, events of its own on cron/1, documents of its own.
#include <weir/cpp/module.hpp>

namespace {

using weir::Json;

constexpr char collection[] = "reminders";

// A reminder := {"text", "schedule", "rung": how often, "last": when it was due, or null}
class Reminders final : public weir::Service {
public:
    Reminders(weir::Host const& host, weir::Config const&) : host_{host} {}

    // What the store has and cron has not, or the other way, after a crash between the two: adding
    // an event that is there changes nothing.
    void start(weir::Call const& call) override {
        for (weir::Document const& each : host_.store().list(call, collection))
            schedule(call, each.key, each.json.at("schedule"));
    }

    void on_http(weir::Call const& call, std::string_view route, weir::Http& http) override {
        if (route == "list") return list(call, http);
        std::string const id = http.param("id");
        if (route == "put") return put(call, id, http);
        if (route == "get") return http.reply(200, shown(must_get(call, id)));
        if (route == "delete") return remove(call, id, http);
        throw weir::Error{WEIR_E_INTERNAL, "there is no route " + std::string{route}};
    }

    // At least once: when it was due tells a repeated event from the next one.
    void on_event(weir::Call const& call, weir::Event const& event) override {
        std::string const id = event.data.at("name");
        std::string const due = event.data.at("scheduled_at");
        auto found = host_.store().get(call, collection, id);
        if (!found || found->json.at("last") == due) return;
        found->json["rung"] = found->json.at("rung").get<int>() + 1;
        found->json["last"] = due;
        host_.store().put(call, collection, id, found->json, found->revision);
        host_.info(found->json.at("text"));
    }

private:
    void schedule(weir::Call const& call, std::string const& id, Json const& schedule) const {
        host_.bus().invoke(call, "cron/1", "add_event", {{"name", id}, {"schedule", schedule}});
    }

    // cron/1 says what is wrong with a schedule, so it is asked first; its findings are our answer.
    void put(weir::Call const& call, std::string const& id, weir::Http& http) const {
        Json const body = http.json();
        auto const before = host_.store().get(call, collection, id);
        schedule(call, id, body.at("schedule"));
        Json const reminder{{"text", body.at("text")},
                            {"schedule", body.at("schedule")},
                            {"rung", before ? before->json.at("rung") : Json(0)},
                            {"last", before ? before->json.at("last") : Json{}}};
        std::uint64_t const revision =
            host_.store().put(call, collection, id, reminder,
                              before ? before->revision : weir::Store::absent);
        http.reply(before ? 200 : 201, shown({id, reminder, revision}));
    }

    void remove(weir::Call const& call, std::string const& id, weir::Http& http) const {
        must_get(call, id);
        host_.bus().invoke(call, "cron/1", "remove_event", {{"name", id}});
        host_.store().del(call, collection, id);
        http.reply(204);
    }

    void list(weir::Call const& call, weir::Http& http) const {
        Json items = Json::array();
        for (weir::Document const& each : host_.store().list(call, collection))
            items.push_back(shown(each));
        http.reply(200, {{"items", items}});
    }

    weir::Document must_get(weir::Call const& call, std::string const& id) const {
        auto found = host_.store().get(call, collection, id);
        if (found) return std::move(*found);
        throw weir::Error{WEIR_E_NOT_FOUND, "there is no reminder " + id}.coded("reminders.none");
    }

    static Json shown(weir::Document const& reminder) {
        Json out = reminder.json;
        out["id"] = reminder.key;
        return out;
    }

    weir::Host host_;
};

constexpr char meta[] = R"({
    "mounts": ["/reminders"],
    "routes": [
        {"id": "list", "method": "GET", "path": "/reminders", "scope": "read",
         "summary": "All reminders"},
        {"id": "get", "method": "GET", "path": "/reminders/{id}", "scope": "read",
         "summary": "One reminder"},
        {"id": "put", "method": "PUT", "path": "/reminders/{id}", "scope": "write",
         "summary": "Makes or changes one",
         "request": {"type": "object", "required": ["text", "schedule"],
                     "properties": {"text": {"type": "string", "minLength": 1},
                                    "schedule": {"type": "string"}},
                     "additionalProperties": false}},
        {"id": "delete", "method": "DELETE", "path": "/reminders/{id}", "scope": "write",
         "summary": "Forgets one"}],
    "topics": [{"topic": "cron/1:com.example.reminders/*", "durable": true}],
    "requires": ["weir.store/1", "weir.bus/1", "cron/1"]})";

constexpr char errors[] = R"([
    {"code": "reminders.none", "title": "No such reminder", "cause": "There is none of this id.",
     "remedy": "GET /reminders lists them."}])";

}  // namespace

WEIR_PLUGIN("com.example.reminders", "1.0.0",
            weir::service<Reminders>({"reminders", "Reminders",
                                      R"({"type":"object","additionalProperties":false})", meta,
                                      errors}))
