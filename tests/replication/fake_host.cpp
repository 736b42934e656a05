#include "replication/fake_host.hpp"

#include <cstring>

namespace weir::replication {

struct FakeHost::Tables {
    static void explain(weir_error* out, Error const& error) { detail::explain(out, error); }

    static weir_status get(weir_host const* host, weir_call const*, char const* collection,
                           char const* key, weir_out const* out, std::uint64_t* revision,
                           weir_error* error) {
        return detail::barrier(error, [&] {
            FakeHost& fake = of(host);
            std::lock_guard const lock{fake.mutex_};
            auto& all = fake.documents[collection];
            auto const found = all.find(key);
            if (found == all.end()) throw Error{WEIR_E_NOT_FOUND, "none"};
            *revision = found->second.second;
            detail::write_out(out, found->second.first.dump());
            return WEIR_OK;
        });
    }
    static weir_status put(weir_host const* host, weir_call const*, char const* collection,
                           char const* key, char const* json, std::uint64_t if_revision,
                           std::uint64_t* revision, weir_error* error) {
        return detail::barrier(error, [&] {
            FakeHost& fake = of(host);
            std::lock_guard const lock{fake.mutex_};
            auto& slot = fake.documents[collection][key];
            if (if_revision != WEIR_REVISION_ANY && slot.second != if_revision)
                throw Error{WEIR_E_CONFLICT, "another revision"};
            slot = {Json::parse(json), slot.second + 1};
            *revision = slot.second;
            return WEIR_OK;
        });
    }
    static weir_status del(weir_host const* host, weir_call const*, char const* collection,
                           char const* key, std::uint64_t, weir_error* error) {
        return detail::barrier(error, [&] {
            FakeHost& fake = of(host);
            std::lock_guard const lock{fake.mutex_};
            if (!fake.documents[collection].erase(key)) throw Error{WEIR_E_NOT_FOUND, "none"};
            return WEIR_OK;
        });
    }
    static weir_status list(weir_host const* host, weir_call const*, char const* collection,
                            char const* prefix, char const* after, std::uint32_t limit,
                            weir_docs const* docs, weir_error* error) {
        return detail::barrier(error, [&] {
            FakeHost& fake = of(host);
            std::lock_guard const lock{fake.mutex_};
            for (auto const& [key, slot] : fake.documents[collection]) {
                if (limit == 0) break;
                if (!key.starts_with(prefix) || (after && key <= after)) continue;
                docs->add(docs->ctx, key.c_str(), slot.second, slot.first.dump().c_str());
                --limit;
            }
            return WEIR_OK;
        });
    }
    static weir_status apply(weir_host const* host, weir_call const*, char const* changes_json,
                             weir_error* error) {
        return detail::barrier(error, [&] {
            FakeHost& fake = of(host);
            std::lock_guard const lock{fake.mutex_};
            Json const changes = Json::parse(changes_json);
            for (Json const& put : changes.value("put", Json::array())) {
                auto& slot = fake.documents[put["collection"]][put["key"]];
                slot = {put["value"], slot.second + 1};
            }
            for (Json const& del : changes.value("del", Json::array()))
                fake.documents[del["collection"]].erase(del["key"].get<std::string>());
            for (Json const& event : changes.value("publish", Json::array()))
                fake.published.push_back(
                    {event["topic"], event.value("dedupe_key", ""), event["data"]});
            return WEIR_OK;
        });
    }
    static weir_status put_secret(weir_host const* host, weir_call const*, char const* name,
                                  void const* value, std::size_t size, weir_error*) {
        of(host).secrets[name] = std::string{static_cast<char const*>(value), size};
        return WEIR_OK;
    }
    static weir_status del_secret(weir_host const* host, weir_call const*, char const* name,
                                  weir_error* error) {
        return detail::barrier(error, [&] {
            if (!of(host).secrets.erase(name)) throw Error{WEIR_E_NOT_FOUND, "none"};
            return WEIR_OK;
        });
    }
    static weir_status publish(weir_host const* host, weir_call const*, char const* topic,
                               char const*, void const* data, std::size_t size, weir_error* error) {
        return detail::barrier(error, [&] {
            FakeHost& fake = of(host);
            std::lock_guard const lock{fake.mutex_};
            fake.told.push_back(
                {topic, "", Json::parse(std::string{static_cast<char const*>(data), size})});
            return WEIR_OK;
        });
    }
    static weir_status invoke(weir_host const* host, weir_call const*, char const* service,
                              char const* method, void const* in, std::size_t size,
                              weir_out const* out, weir_error* error) {
        return detail::barrier(error, [&] {
            FakeHost& fake = of(host);
            std::string const name = std::string{service} + " " + method;
            Json const request = Json::parse(std::string{static_cast<char const*>(in), size});
            {
                std::lock_guard const lock{fake.mutex_};
                fake.asked_.emplace_back(name, request);
            }
            auto const found = fake.methods.find(name);
            if (found == fake.methods.end()) throw Error{WEIR_E_NOT_FOUND, "nobody: " + name};
            try {
                detail::write_out(out, found->second(request).dump());
            } catch (Problems const& problems) {
                detail::write_out(out, problems.json().dump());
                throw;
            }
            return WEIR_OK;
        });
    }
    static void log(weir_host const* host, std::int32_t, char const* message) {
        of(host).said.emplace_back(message);
    }
    static std::int64_t unix_us(weir_host const* host) { return of(host).now_us; }
    static std::int64_t monotonic_ns(weir_host const* host) { return of(host).now_us * 1000; }

    static void const* service(weir_host const*, char const* id) {
        static weir_store const store{sizeof store, 0, get, put, del, list, apply};
        static weir_secrets const secrets{sizeof secrets, 0, put_secret, del_secret};
        static weir_bus const bus{sizeof bus, 0, publish, invoke};
        static weir_log const logs{sizeof logs, 0, log, nullptr};
        static weir_clock const clock{sizeof clock, 0, unix_us, monotonic_ns, nullptr};
        std::string_view const name{id};
        if (name == "weir.store/1") return &store;
        if (name == "weir.secrets/1") return &secrets;
        if (name == "weir.bus/1") return &bus;
        if (name == "weir.log/1") return &logs;
        if (name == "weir.clock/1") return &clock;
        return nullptr;
    }
};

FakeHost::FakeHost() {
    host_.struct_size = sizeof host_;
    host_.abi_major = WEIR_ABI_MAJOR;
    host_.abi_minor = WEIR_ABI_MINOR;
    host_.version = "test";
    host_.instance = "replication";
    host_.ctx = this;
    host_.service = Tables::service;
    call_.struct_size = sizeof call_;
}

std::vector<Json> FakeHost::asked(std::string const& method) const {
    std::lock_guard const lock{mutex_};
    std::vector<Json> out;
    for (auto const& [name, request] : asked_)
        if (name == method) out.push_back(request);
    return out;
}

void Exchange::ask(Service& service, weir_call const* call, std::string const& route) {
    weir_http http{};
    http.struct_size = sizeof http;
    http.ctx = this;
    http.method = "POST";
    http.path = "/";
    http.query = query.c_str();
    http.principal_json = R"({"id":"tester","scope":"admin"})";
    http.request_id = "1";
    http.body = body.c_str();
    http.body_size = body.size();
    static auto const of = [](weir_http const* it) -> Exchange& {
        return *static_cast<Exchange*>(it->ctx);
    };
    http.header = [](weir_http const* it, char const* name) -> char const* {
        auto const found = of(it).headers.find(name);
        return found == of(it).headers.end() ? nullptr : found->second.c_str();
    };
    http.param = [](weir_http const* it, char const* name) -> char const* {
        auto const found = of(it).params.find(name);
        return found == of(it).params.end() ? nullptr : found->second.c_str();
    };
    http.status = [](weir_http const* it, std::uint32_t number) -> weir_status {
        of(it).status = number;
        return WEIR_OK;
    };
    http.set_header = [](weir_http const* it, char const* name, char const* value) -> weir_status {
        of(it).answer_headers[name] = value;
        return WEIR_OK;
    };
    http.write = [](weir_http const* it, void const* data, std::size_t size) -> weir_status {
        of(it).answer.append(static_cast<char const*>(data), size);
        return WEIR_OK;
    };
    Http wrapped{&http};
    try {
        service.on_http(Call{call}, route, wrapped);
    } catch (Problems const& problems) {
        failed = problems.status;
        code = problems.code;
        answer = problems.json().dump();
    } catch (Error const& error) {
        failed = error.status;
        code = error.code;
        answer = Json{{"detail", error.message}, {"suggestion", error.suggestion}}.dump();
    }
}

}  // namespace weir::replication
