#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace weir::host {

/// Who gets which events, and who hears that there are new ones. In memory. Thread-safe.
class Topics {
public:
    /// `*` as the last character of a topic stands for any rest. Replaces what `consumer` had.
    void subscribe(std::string const& consumer, std::vector<std::string> topics);
    void unsubscribe(std::string const& consumer);
    std::vector<std::string> consumers_of(std::string_view topic) const;

    /// Heard after each commit with an event, with those who have one to take.
    using Published = std::function<void(std::set<std::string> const& consumers)>;
    void on_published(Published listener);
    void tell_published(std::set<std::string> const& consumers) const;
    /// As on_published(), for the topics whose deliveries were dropped; on the dropping thread.
    void on_dropped(std::function<void(std::string const& topic)> listener);
    void tell_dropped(std::string const& topic) const;

    /// Facts that are told once and not kept, such as how far a run is.
    using Passing = std::function<void(std::string const& topic, std::string const& data)>;
    void on_passing(Passing listener);
    void tell_passing(std::string const& topic, std::string const& data) const;

private:
    mutable std::mutex mutex_;
    std::map<std::string, std::vector<std::string>> subscriptions_;
    Published listener_;
    Passing passing_;
    std::function<void(std::string const&)> drop_listener_;
};

}  // namespace weir::host
