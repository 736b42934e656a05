#include "host/run/drift.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace weir::host {

namespace {

bool has(std::vector<std::string> const& names, std::string const& name) {
    return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> names_of(ArrowSchema const& schema) {
    std::vector<std::string> names;
    for (std::int64_t i = 0; i < schema.n_children; ++i)
        names.emplace_back(schema.children[i]->name);
    return names;
}

/// `gone`: one that it had before; empty: none.
Error halted(std::string const& stream, std::string const& column, std::string const& gone) {
    std::string const renamed =
        gone.empty() ? "" : fmt::format(", and \"{}\" is no longer in it", gone);
    return Error{WEIR_E_SCHEMA, "source.column_added",
                 fmt::format("{} has a new column \"{}\"{}; the position is kept", stream, column,
                             renamed),
                 column}
        .suggest("--drift add to take it over, or --drift ignore to leave it out");
}

/// Of a new column; `lost`: one that it had before, or none.
std::string said_of(std::string const& stream, std::string const& column, std::string const& lost,
                    bool is_taken) {
    if (!is_taken)
        return fmt::format("{} has a new column \"{}\", which is left out (drift ignore)", stream,
                           column);
    // Whether it goes on is the target's to say.
    if (!lost.empty())
        return fmt::format("{} has a new column \"{}\", and \"{}\" is no longer in it", stream,
                           column, lost);
    return fmt::format("{} has a new column \"{}\": it is added to the target, where rows that are "
                       "there already get it when they are read again",
                       stream, column);
}

}  // namespace

Drift::Drift(DriftPolicy policy, std::string stream, std::vector<std::string> known,
             AtTarget at_target)
    : policy_{policy},
      stream_{std::move(stream)},
      at_target_{std::move(at_target)},
      columns_{std::move(known)} {}

Result<void> Drift::look(ArrowSchema const& schema) {
    std::vector<std::string> const names = names_of(schema);
    bool const is_first = columns_.empty();
    view_schema(schema);
    kept_.clear();
    auto const gone = std::ranges::find_if_not(
        columns_, [&](std::string const& name) { return has(names, name); });
    bool const has_lost = gone != columns_.end();
    std::string const lost = has_lost ? *gone : "";
    std::vector<std::string> taken;
    for (std::string const& name : names) {
        if (is_first || has(columns_, name)) continue;
        if (policy_ == DriftPolicy::halt) return halted(stream_, name, lost);
        // A column that is gone may have another name now, which somebody has given it in the
        // target too.
        bool const is_taken =
            policy_ == DriftPolicy::add || (has_lost && is_at_target(schema, name));
        if (is_taken) taken.push_back(name);
        if (has(told_, name)) continue;
        told_.push_back(name);
        notes_.push_back(said_of(stream_, name, lost, is_taken));
    }
    if (is_first) {
        columns_ = names;
    } else {
        columns_.insert(columns_.end(), taken.begin(), taken.end());
        leave_out(schema);
    }
    return {};
}

/// Beside those of its fields that are known.
bool Drift::is_at_target(ArrowSchema const& schema, std::string const& name) const {
    std::vector<ArrowSchema*> fields;
    for (std::int64_t i = 0; i < schema.n_children; ++i)
        if (has(columns_, schema.children[i]->name) || schema.children[i]->name == name)
            fields.push_back(schema.children[i]);
    ArrowSchema view = schema;
    view.n_children = static_cast<std::int64_t>(fields.size());
    view.children = fields.data();
    view.release = [](ArrowSchema*) {};
    return at_target_ && at_target_(view);
}

/// The view on `schema` without what is not known.
void Drift::leave_out(ArrowSchema const& schema) {
    schemas_.clear();
    std::vector<std::string> written;
    for (std::size_t i = 0; i < static_cast<std::size_t>(schema.n_children); ++i) {
        if (!has(columns_, schema.children[i]->name)) continue;
        written.emplace_back(schema.children[i]->name);
        kept_.push_back(i);
        schemas_.push_back(schema.children[i]);
    }
    bool const is_whole = schemas_.size() == static_cast<std::size_t>(schema.n_children);
    if (is_whole) kept_.clear();
    columns_ = std::move(written);
    if (is_whole) return;
    schema_.n_children = static_cast<std::int64_t>(schemas_.size());
    schema_.children = schemas_.data();
}

/// Its fields stay where they are when their owner moves.
void Drift::view_schema(ArrowSchema const& schema) {
    schema_ = schema;
    schema_.release = [](ArrowSchema*) {};
}

ArrowArray const& Drift::of(ArrowArray const& batch) {
    if (kept_.empty()) return batch;
    arrays_.clear();
    for (std::size_t const at : kept_) arrays_.push_back(batch.children[at]);
    array_view_ = batch;
    array_view_.n_children = static_cast<std::int64_t>(arrays_.size());
    array_view_.children = arrays_.data();
    array_view_.release = [](ArrowArray*) {};
    return array_view_;
}

std::vector<std::string> Drift::take_notes() { return std::exchange(notes_, {}); }

}  // namespace weir::host
