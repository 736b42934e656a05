#include "host/store/topics.hpp"

#include <algorithm>
#include <utility>

namespace weir::host {

namespace {

bool matches(std::string_view pattern, std::string_view topic) {
    if (!pattern.ends_with('*')) return pattern == topic;
    return topic.starts_with(pattern.substr(0, pattern.size() - 1));
}

}  // namespace

void Topics::subscribe(std::string const& consumer, std::vector<std::string> topics) {
    std::lock_guard const lock{mutex_};
    subscriptions_[consumer] = std::move(topics);
}

void Topics::unsubscribe(std::string const& consumer) {
    std::lock_guard const lock{mutex_};
    subscriptions_.erase(consumer);
}

std::vector<std::string> Topics::consumers_of(std::string_view topic) const {
    std::lock_guard const lock{mutex_};
    std::vector<std::string> consumers;
    for (auto const& [consumer, patterns] : subscriptions_)
        if (std::any_of(patterns.begin(), patterns.end(),
                        [&](std::string const& pattern) { return matches(pattern, topic); }))
            consumers.push_back(consumer);
    return consumers;
}

void Topics::on_published(Published listener) {
    std::lock_guard const lock{mutex_};
    listener_ = std::move(listener);
}

void Topics::tell_published(std::set<std::string> const& consumers) const {
    // Under the lock: who takes the listener away may be sure that it is not running.
    std::lock_guard const lock{mutex_};
    if (listener_) listener_(consumers);
}

void Topics::on_passing(Passing listener) {
    std::lock_guard const lock{mutex_};
    passing_ = std::move(listener);
}

void Topics::tell_passing(std::string const& topic, std::string const& data) const {
    std::lock_guard const lock{mutex_};
    if (passing_) passing_(topic, data);
}

void Topics::on_dropped(std::function<void(std::string const&)> listener) {
    std::lock_guard const lock{mutex_};
    drop_listener_ = std::move(listener);
}

void Topics::tell_dropped(std::string const& topic) const {
    std::lock_guard const lock{mutex_};
    if (drop_listener_) drop_listener_(topic);
}

}  // namespace weir::host
