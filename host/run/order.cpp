#include "host/run/order.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace weir::host {

namespace {

/// Walks the references depth first: a task is placed behind all that it references.
class Walk {
public:
    explicit Walk(std::vector<Task> const& tasks) : tasks_{tasks}, seen_(tasks.size()) {
        order_.after.resize(tasks.size());
        for (std::size_t i = 0; i < tasks.size(); ++i) places_.emplace(tasks[i].stream, i);
    }

    Order run() && {
        for (std::size_t i = 0; i < tasks_.size(); ++i) visit(i);
        return std::move(order_);
    }

private:
    enum class Seen { no, on_path, placed };

    void visit(std::size_t at) {
        if (seen_[at] != Seen::no) return;
        seen_[at] = Seen::on_path;
        path_.push_back(at);
        for (std::size_t const other : referenced_by(at)) {
            visit(other);
            if (seen_[other] == Seen::placed)
                order_.after[at].push_back(other);
            else if (other != at)
                note_circle(at, other);
        }
        path_.pop_back();
        seen_[at] = Seen::placed;
        order_.places.push_back(at);
    }

    std::vector<std::size_t> referenced_by(std::size_t at) const {
        std::vector<std::size_t> out;
        add_places(tasks_[at].meta, "references", out);
        add_places(tasks_[at].surroundings, "parents", out);
        return out;
    }

    /// Of the streams that are named in a member of `object`.
    void add_places(nlohmann::json const& object, char const* member,
                    std::vector<std::size_t>& out) const {
        auto const all = object.find(member);
        if (all == object.end() || !all->is_array()) return;
        for (nlohmann::json const& each : *all) {
            if (!each.is_object() || !each.contains("stream") || !each["stream"].is_string())
                continue;
            auto const found = places_.find(each["stream"].get<std::string>());
            if (found != places_.end() && std::ranges::find(out, found->second) == out.end())
                out.push_back(found->second);
        }
    }

    /// The path comes back to `start`, which is on it.
    void note_circle(std::size_t from, std::size_t start) {
        order_.cuts.push_back({from, start});
        std::string names;
        for (auto at = std::ranges::find(path_, start); at != path_.end(); ++at)
            names += (names.empty() ? "" : ", ") + tasks_[*at].stream;
        order_.notes.push_back(fmt::format(
            "{} reference each other in a circle, so no order suits a target with their foreign "
            "keys",
            names));
    }

    std::vector<Task> const& tasks_;
    std::map<std::string, std::size_t> places_;
    std::vector<Seen> seen_;
    std::vector<std::size_t> path_;
    Order order_;
};

}  // namespace

Order order_of(std::vector<Task> const& tasks) { return Walk{tasks}.run(); }

std::vector<std::size_t> those_that_reference(Order const& order, std::size_t most) {
    std::vector<std::size_t> out;
    for (auto at = order.places.rbegin(); at != order.places.rend() && out.size() < most; ++at)
        if (!order.after[*at].empty()) out.push_back(*at);
    return out;
}

}  // namespace weir::host
