#include "host/http/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "host/http/percent.hpp"

namespace weir::host::http {

namespace {

constexpr std::array methods{"GET", "POST", "PUT", "PATCH", "DELETE"};

/// One segment of a route's path.
struct Segment {
    enum Kind { literal, one, rest } kind = literal;
    std::string text;  ///< the literal, or the parameter's name
};

// path := "/" | ("/" segment)+    segment := literal | "{" name "}" | "{" name "*}" at the end
Result<std::vector<Segment>> parse_path(std::string const& path) {
    Error const wrong{WEIR_E_CONFIG, "plugin.route_path",
                      fmt::format("\"{}\" is no path of a route: it begins with / and consists of "
                                  "plain segments and {{name}}",
                                  path)};
    if (!path.starts_with('/')) return wrong;
    std::vector<Segment> out;
    for (std::string_view part : path_segments(path)) {
        if (!out.empty() && out.back().kind == Segment::rest) return wrong;
        if (!part.starts_with('{')) {
            if (part.find_first_of("{}%?# ") != part.npos || (part.empty() && path != "/"))
                return wrong;
            out.push_back({Segment::literal, std::string{part}});
            continue;
        }
        if (!part.ends_with('}')) return wrong;
        part = part.substr(1, part.size() - 2);
        Segment::Kind const kind = part.ends_with('*') ? Segment::rest : Segment::one;
        if (kind == Segment::rest) part.remove_suffix(1);
        if (part.empty() || part.find_first_of("{}*") != part.npos) return wrong;
        out.push_back({kind, std::string{part}});
    }
    return out;
}

}  // namespace

std::optional<std::string> Request::query_param(std::string_view name) const {
    std::string_view left = query;
    while (!left.empty()) {
        std::size_t const end = std::min(left.find('&'), left.size());
        std::string_view const pair = left.substr(0, end);
        left.remove_prefix(std::min(end + 1, left.size()));
        std::size_t const equals = std::min(pair.find('='), pair.size());
        if (percent_decode(pair.substr(0, equals), true) != name) continue;
        return percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    }
    return std::nullopt;
}

/// A tree of segments, immutable once it is the router's.
struct Router::Table {
    struct Leaf {
        std::shared_ptr<Route const> route;
        std::vector<std::string> names;  ///< of the parameters, in order
    };
    struct Node {
        std::map<std::string, Node, std::less<>> literals;
        std::unique_ptr<Node> one, rest;
        std::map<std::string, Leaf, std::less<>> by_method;
    };
    Node root;
    std::vector<std::shared_ptr<Route const>> routes;

    Result<void> add(std::shared_ptr<Route const> route);
};

Result<void> Router::Table::add(std::shared_ptr<Route const> route) {
    if (std::find(methods.begin(), methods.end(), route->method) == methods.end())
        return Error{WEIR_E_CONFIG, "plugin.route_method",
                     fmt::format("\"{}\" is no method of a route; use one of {}", route->method,
                                 fmt::join(methods, ", "))};
    Result<std::vector<Segment>> const segments = parse_path(route->path);
    if (!segments) return segments.error();
    Leaf leaf{route, {}};
    Node* node = &root;
    for (Segment const& segment : *segments) {
        if (segment.kind == Segment::literal) {
            node = &node->literals[segment.text];
            continue;
        }
        std::unique_ptr<Node>& next = segment.kind == Segment::one ? node->one : node->rest;
        if (!next) next = std::make_unique<Node>();
        node = next.get();
        leaf.names.push_back(segment.text);
    }
    auto const [there, is_new] = node->by_method.emplace(route->method, leaf);
    if (!is_new) {
        Route const& taken = *there->second.route;
        return Error{WEIR_E_CONFLICT, "plugin.route_conflict",
                     fmt::format("{} {} of {} is taken by {} {} of {}", route->method, route->path,
                                 route->owner, taken.method, taken.path, taken.owner)};
    }
    routes.push_back(std::move(route));
    return {};
}

namespace {

/// Walks one path through the tree; all leaves that fit, the most literal first.
template <class Node, class Leaf>
class Walk {
public:
    struct Found {
        Node const* node;
        std::vector<std::string> values;
    };
    explicit Walk(std::string_view path) : segments_{path_segments(path)} {}

    std::vector<Found> all(Node const& root) {
        step(root, 0);
        return std::move(found_);
    }

private:
    void step(Node const& node, std::size_t at) {
        if (at == segments_.size()) {
            if (!node.by_method.empty()) found_.push_back({&node, values_});
            return;
        }
        std::optional<std::string> const segment = percent_decode(segments_[at]);
        if (!segment) return;
        if (auto const next = node.literals.find(*segment); next != node.literals.end())
            step(next->second, at + 1);
        if (node.one && !segment->empty()) {
            values_.push_back(*segment);
            step(*node.one, at + 1);
            values_.pop_back();
        }
        if (node.rest) take_rest(*node.rest, at);
    }

    void take_rest(Node const& node, std::size_t at) {
        std::string rest;
        for (std::size_t i = at; i < segments_.size(); ++i) {
            std::optional<std::string> const segment = percent_decode(segments_[i]);
            if (!segment) return;
            rest += (i == at ? "" : "/") + *segment;
        }
        values_.push_back(std::move(rest));
        step(node, segments_.size());
        values_.pop_back();
    }

    std::vector<std::string_view> segments_;
    std::vector<std::string> values_;
    std::vector<Found> found_;
};

}  // namespace

Router::Router() : table_{std::make_shared<Table>()} {}
Router::~Router() = default;

std::shared_ptr<Router::Table const> Router::table() const {
    std::lock_guard const lock{mutex_};
    return table_;
}

Result<void> Router::add(std::vector<Route> routes) { return replace({}, std::move(routes)); }

Result<void> Router::replace(std::string const& owner, std::vector<Route> routes) {
    std::lock_guard const lock{mutex_};
    auto next = std::make_shared<Table>();
    for (auto const& route : table_->routes)
        if (route->owner != owner || owner.empty())
            if (Result<void> const kept = next->add(route); !kept) return kept;
    for (Route& route : routes)
        if (Result<void> const added = next->add(std::make_shared<Route const>(std::move(route)));
            !added)
            return added;
    table_ = std::move(next);
    ++generation_;
    return {};
}

void Router::remove(std::string const& owner) {
    std::lock_guard const lock{mutex_};
    auto next = std::make_shared<Table>();
    for (auto const& route : table_->routes)
        if (route->owner != owner) (void)next->add(route);  // fitted before, and fits with fewer
    table_ = std::move(next);
    ++generation_;
}

Router::Match Router::find(std::string_view method, std::string_view path) const {
    std::shared_ptr<Table const> const table = this->table();
    std::string_view const wanted = method == "HEAD" ? "GET" : method;
    Match match;
    std::set<std::string> allow;
    for (auto const& found : Walk<Table::Node, Table::Leaf>{path}.all(table->root)) {
        for (auto const& [name, leaf] : found.node->by_method) {
            allow.insert(name);
            match.is_open = match.is_open || leaf.route->scope == Scope::none;
        }
        auto const leaf = found.node->by_method.find(wanted);
        if (match.route || leaf == found.node->by_method.end()) continue;
        match.route = leaf->second.route;
        for (std::size_t i = 0; i < found.values.size(); ++i)
            match.params[leaf->second.names[i]] = found.values[i];
    }
    if (allow.contains("GET")) allow.insert("HEAD");
    if (!allow.empty()) allow.insert("OPTIONS");
    match.allow = fmt::format("{}", fmt::join(allow, ", "));
    return match;
}

std::vector<std::shared_ptr<Route const>> Router::routes() const { return table()->routes; }

std::uint64_t Router::generation() const {
    std::lock_guard const lock{mutex_};
    return generation_;
}

}  // namespace weir::host::http
