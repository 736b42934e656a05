#pragma once

#include <functional>
#include <string>
#include <vector>

#include "host/core/error.hpp"
#include "host/run/request.hpp"
#include "weir/arrow.h"

namespace weir::host {

/// Which fields of a stream go on to the sink, where the source has gained some since the last run.
///
/// What the source lost or retyped, and what was changed at the sink, is the sink's to see. One
/// thread.
class Drift {
public:
    /// Whether the target has all fields of a schema already.
    using AtTarget = std::function<bool(ArrowSchema const&)>;

    /// `known`: the fields that the run before wrote; empty: none is known, and none is new.
    Drift(DriftPolicy policy, std::string stream, std::vector<std::string> known,
          AtTarget at_target);

    /// Looks at the fields that the source sends from now on; what `schema` points at lives until
    /// the next look. E_SCHEMA with the name of one that is new and may not be.
    Result<void> look(ArrowSchema const& schema);

    /// That schema, and a batch of it, without the fields that are left out. Views: they release
    /// nothing, and are valid until the next call.
    ArrowSchema const& schema() const { return schema_; }
    ArrowArray const& of(ArrowArray const& batch);

    /// The fields that are written, for the next run to know.
    std::vector<std::string> const& columns() const { return columns_; }
    /// What a person should hear of the last look, once each.
    std::vector<std::string> take_notes();

private:
    void view_schema(ArrowSchema const& schema);
    void leave_out(ArrowSchema const& schema);

    bool is_at_target(ArrowSchema const& schema, std::string const& name) const;

    DriftPolicy policy_;
    std::string stream_;
    AtTarget at_target_;
    std::vector<std::string> columns_, told_, notes_;
    ArrowSchema schema_{};
    ArrowArray array_view_{};
    std::vector<std::size_t> kept_;  // places of the fields in the source's own; empty: all
    std::vector<ArrowSchema*> schemas_;
    std::vector<ArrowArray*> arrays_;
};

}  // namespace weir::host
