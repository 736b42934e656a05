#include "host/run/warm_instances.hpp"

#include <sodium.h>

#include <utility>
#include <vector>

#include "host/abi/misdeeds.hpp"
#include "host/core/secret.hpp"
#include "host/run/own_files.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;

/// Overwrites a resolved configuration when it goes.
class Wiped {
public:
    explicit Wiped(Json& json) : json_{json} {}
    Wiped(Wiped const&) = delete;
    Wiped& operator=(Wiped const&) = delete;
    ~Wiped() { wipe(json_); }

private:
    Json& json_;
};

/// Threads are counted once no instance is left, so it is the next run that can be told.
void tell_threads(Generation const& plugin, RunLog& run) {
    std::optional<Error> const misdeed = Misdeeds::here().last(plugin.id());
    if (misdeed && misdeed->code == "plugin.leaves_threads") run.warn(misdeed->message);
}

}  // namespace

struct WarmInstances::Kept {
    std::string key, job, connector;
    std::uint64_t age = 0;
    std::int64_t idle_since_ns = 0;
    std::unique_ptr<LogRoute> log;  // outlives the instance
    std::optional<Instance> instance;
};

WarmInstances::WarmInstances(Registry& registry, HostServices const& services,
                             SecretLookup& secrets)
    : registry_{registry}, services_{services}, secrets_{secrets} {
    hash_key_.resize(crypto_generichash_KEYBYTES);
    randombytes_buf(hash_key_.data(), hash_key_.size());
}

WarmInstances::~WarmInstances() = default;

// A keyed hash: what is kept to compare tells nothing of a secret.
std::string WarmInstances::key_of(InstanceWish const& wish, Json const& config) const {
    std::string text = Json{wish.owner, wish.connector.connector, wish.role, config}.dump(
        -1, ' ', false, Json::error_handler_t::replace);
    std::string key(crypto_generichash_BYTES, '\0');
    auto const bytes = [](auto& in) { return reinterpret_cast<unsigned char const*>(in.data()); };
    crypto_generichash(reinterpret_cast<unsigned char*>(key.data()), key.size(), bytes(text),
                       text.size(), bytes(hash_key_), hash_key_.size());
    wipe(text);
    return key;
}

Result<WarmInstances::Lent> WarmInstances::lend(InstanceWish const& wish, RunLog* log) {
    if (auto refused = refuse_own_files(wish.connector.config, secrets_); !refused)
        return refused.error();
    Result<Json> config = resolved(wish.connector.config, [&](std::string const& name) {
        return secrets_.find(wish.owner, name);
    });
    if (!config) return config.error();
    Wiped const wiped{*config};
    if (auto refused = refuse_own_files(*config, secrets_); !refused) return refused.error();
    std::string key = key_of(wish, *config);
    std::unique_ptr<Kept> kept = take(key);
    if (!kept) {
        Result<std::unique_ptr<Kept>> made = make(wish, *config, log);
        if (!made) return made.error();
        kept = std::move(*made);
    }
    kept->key = std::move(key);
    kept->job = wish.job;
    kept->log->lead_to(log);
    if (log) tell_threads(kept->instance->generation(), *log);
    return Lent{*this, std::move(kept)};
}

Result<std::unique_ptr<WarmInstances::Kept>> WarmInstances::make(InstanceWish const& wish,
                                                                 Json const& config, RunLog* log) {
    auto kept = std::make_unique<Kept>();
    {
        // Before it is looked up: a generation that comes in between makes it retire too early.
        std::lock_guard const lock{mutex_};
        kept->age = ages_[wish.connector.connector];
    }
    Result<Component> component = registry_.load(wish.connector.connector);
    if (!component) return component.error();
    kept->connector = wish.connector.connector;
    kept->log = std::make_unique<LogRoute>(services_.log);
    kept->log->lead_to(log);
    HostServices const services{services_.clock, *kept->log, services_.metrics, services_.watchdog};
    Result<Instance> instance =
        Instance::create(*component, config, services, wish.connector.connector);
    if (!instance) return instance.error();
    kept->instance.emplace(std::move(*instance));
    return kept;
}

std::unique_ptr<WarmInstances::Kept> WarmInstances::take(std::string const& key) {
    std::lock_guard const lock{mutex_};
    for (auto at = idle_.begin(); at != idle_.end(); ++at)
        if ((*at)->key == key) {
            std::unique_ptr<Kept> found = std::move(*at);
            idle_.erase(at);
            return found;
        }
    return nullptr;
}

// What is dropped is destroyed outside the lock: a plugin may take its time.
void WarmInstances::give_back(std::unique_ptr<Kept> kept) {
    kept->log->lead_to(nullptr);
    kept->idle_since_ns = services_.clock.monotonic_ns();
    std::unique_ptr<Kept> dropped;
    std::lock_guard const lock{mutex_};
    if (kept->age != ages_[kept->connector]) {
        dropped = std::move(kept);
        return;
    }
    idle_.push_back(std::move(kept));
    if (idle_.size() <= idle_max) return;
    dropped = std::move(idle_.front());
    idle_.pop_front();
}

void WarmInstances::forget(std::string const& job) {
    std::list<std::unique_ptr<Kept>> dropped;
    std::lock_guard const lock{mutex_};
    for (auto at = idle_.begin(); at != idle_.end();) {
        auto const next = std::next(at);
        if ((*at)->job == job) dropped.splice(dropped.end(), idle_, at);
        at = next;
    }
}

void WarmInstances::retire(std::string const& connector) {
    std::list<std::unique_ptr<Kept>> dropped;
    std::lock_guard const lock{mutex_};
    ++ages_[connector];
    for (auto at = idle_.begin(); at != idle_.end();) {
        auto const next = std::next(at);
        if ((*at)->connector == connector) dropped.splice(dropped.end(), idle_, at);
        at = next;
    }
}

void WarmInstances::expire() {
    std::int64_t const oldest_ns = services_.clock.monotonic_ns() - idle_ms_max * 1'000'000;
    std::list<std::unique_ptr<Kept>> dropped;
    std::lock_guard const lock{mutex_};
    while (!idle_.empty() && idle_.front()->idle_since_ns < oldest_ns)
        dropped.splice(dropped.end(), idle_, idle_.begin());
}

std::size_t WarmInstances::idle() {
    std::lock_guard const lock{mutex_};
    return idle_.size();
}

WarmInstances::Lent::Lent(WarmInstances& home, std::unique_ptr<Kept> kept)
    : home_{&home}, kept_{std::move(kept)} {}
WarmInstances::Lent::Lent(Lent&&) noexcept = default;

WarmInstances::Lent::~Lent() {
    if (!kept_) return;
    if (is_kept_) {
        home_->give_back(std::move(kept_));
    } else {
        kept_->instance.reset();
        kept_->log->lead_to(nullptr);
    }
}

Instance& WarmInstances::Lent::instance() { return *kept_->instance; }

Result<Json> resolved(Json const& config, FindSecret const& find_secret) {
    if (config.is_string()) {
        Result<std::string> text =
            resolve_references(config.get_ref<std::string const&>(), find_secret);
        if (!text) return text.error();
        return Json(std::move(*text));
    }
    Json out = config;
    if (!config.is_structured()) return out;
    for (auto const& item : out.items()) {
        Result<Json> value = resolved(item.value(), find_secret);
        if (!value) {
            wipe(out);
            return value.error();
        }
        item.value() = std::move(*value);
    }
    return out;
}

void wipe(Json& json) {
    if (json.is_string()) return wipe(json.get_ref<std::string&>());
    if (json.is_structured())
        for (Json& item : json) wipe(item);
}

}  // namespace weir::host
