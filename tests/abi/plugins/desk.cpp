// A service on the C++ layer: keeps notes in the store, and shows every way to be asked.
#include <atomic>
#include <weir/cpp/module.hpp>

namespace {

using weir::Json;

class Desk final : public weir::Service {
public:
    Desk(weir::Host const& host, weir::Config const&) : host_{host} {}

    void start(weir::Call const&) override { host_.info("started"); }
    void stop(weir::Call const&) override { host_.info("stopped"); }

    void on_http(weir::Call const& call, std::string_view route, weir::Http& http) override {
        if (route == "put_note") return put_note(call, http);
        if (route == "get_note") return get_note(call, http);
        if (route == "list_notes") return list_notes(call, http);
        if (route == "delete_note") return delete_note(call, http);
        throw weir::Error{WEIR_E_INTERNAL, "no such route"};
    }

    void on_event(weir::Call const& call, weir::Event const& event) override {
        host_.store().put(call, "seen", std::string{event.id},
                          {{"topic", event.topic}, {"data", event.data}});
    }

    Json on_invoke(weir::Call const& call, weir::Invoke const& invoke) override {
        if (invoke.method == "echo") return {{"caller", invoke.caller}, {"in", invoke.in}};
        if (invoke.method == "ask")
            return host_.bus().invoke(call, invoke.in.at("service"), invoke.in.at("method"),
                                      invoke.in.at("in"));
        weir::Problems problems;
        problems.add({"/a", "desk.a", "a is wrong", "use b"});
        problems.add({"/b", "desk.b", "b is wrong"});
        throw problems;
    }

    void on_timer(weir::Call const& call, std::int64_t due, std::int64_t now) override {
        host_.bus().publish(call, "desk/1:tick", {{"due", due}, {"now", now}}, std::to_string(due));
        host_.timer().arm(due + 1'000);
    }

private:
    void put_note(weir::Call const& call, weir::Http& http) const {
        Json const note = http.json();
        weir::Problems problems;
        if (!note.contains("text"))
            problems.add({"/text", "desk.text_missing", "the note has no text"});
        if (note.value("colour", "red") == "mauve")
            problems.add({"/colour", "desk.colour", "mauve is not known", "red"});
        problems.check();
        if (note.contains("secret"))
            host_.secrets().put(call, http.param("id"), note["secret"].get<std::string>());
        std::uint64_t const revision =
            host_.store().put(call, "notes", http.param("id"), note, weir::Store::absent);
        http.header("location", "/desk/notes/" + http.param("id"));
        http.reply(201,
                   {{"id", http.param("id")}, {"revision", revision}, {"by", http.principal().id}});
    }
    void get_note(weir::Call const& call, weir::Http& http) const {
        auto const found = host_.store().get(call, "notes", http.param("id"));
        if (!found)
            throw weir::Error{WEIR_E_NOT_FOUND, "there is no note " + http.param("id")}.coded(
                "desk.no_note");
        http.reply(200, found->json);
    }
    void list_notes(weir::Call const& call, weir::Http& http) const {
        Json items = Json::array();
        std::string const prefix = http.query_param("prefix").value_or("");
        for (weir::Document const& note : host_.store().list(call, "notes", prefix))
            items.push_back(note.key);
        http.reply(200, {{"items", items}});
    }
    void delete_note(weir::Call const& call, weir::Http& http) const {
        weir::Changes changes;
        changes.del("notes", http.param("id"));
        changes.publish("desk/1:deleted", http.param("id"), {{"id", http.param("id")}});
        host_.store().apply(call, changes);
        http.reply(204);
    }

    weir::Host host_;
};

constexpr char meta[] = R"({
    "mounts": ["/desk"],
    "routes": [
        {"id": "put_note", "method": "PUT", "path": "/desk/notes/{id}", "scope": "write",
         "summary": "Keeps a note", "body_bytes_max": 4096,
         "request": {"type": "object", "properties": {"text": {"type": "string"}}},
         "response": {"type": "object"}},
        {"id": "get_note", "method": "GET", "path": "/desk/notes/{id}", "scope": "read",
         "summary": "A note"},
        {"id": "list_notes", "method": "GET", "path": "/desk/notes", "scope": "read",
         "summary": "All notes"},
        {"id": "delete_note", "method": "DELETE", "path": "/desk/notes/{id}", "scope": "write",
         "summary": "Forgets a note"}],
    "topics": [{"topic": "cron/1:*", "durable": true}],
    "methods": [{"service": "desk/1", "method": "echo"},
                {"service": "desk/1", "method": "ask"},
                {"service": "desk/1", "method": "fail"}],
    "provides": ["desk/1"],
    "requires": ["weir.store/1", "weir.secrets/1", "weir.timer/1", "weir.bus/1"],
    "timer": true})";

}  // namespace

WEIR_PLUGIN("dev.weir.test.desk", "1.0.0",
            weir::service<Desk>({"desk", "Desk", R"({"type":"object"})", meta}))
