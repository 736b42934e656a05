#pragma once

#include <memory>

#include "host/core/error.hpp"
#include "weir/arrow.h"

namespace weir::host {

class Generation;

/// Owns an ArrowSchema: releases it once. Move-only.
class OwnedSchema {
public:
    OwnedSchema() = default;
    OwnedSchema(OwnedSchema&& other) noexcept;
    OwnedSchema& operator=(OwnedSchema&& other) noexcept;
    ~OwnedSchema() { reset(); }

    ArrowSchema const& operator*() const { return schema_; }
    ArrowSchema const* operator->() const { return &schema_; }
    explicit operator bool() const { return schema_.release != nullptr; }
    /// Where a plugin writes; what was owned is released first.
    ArrowSchema* fill();
    void reset();

private:
    ArrowSchema schema_{};
};

/// A copy in the host's own memory, independent of the plugin that made `from`, which must have
/// passed check_schema().
OwnedSchema copy_schema(ArrowSchema const& from);

/// Owns an ArrowArray: releases it once, on whatever thread drops it. Move-only.
class OwnedArray {
public:
    OwnedArray() = default;
    OwnedArray(OwnedArray&& other) noexcept;
    OwnedArray& operator=(OwnedArray&& other) noexcept;
    ~OwnedArray() { reset(); }

    /// Takes what `array` holds and leaves it released. From now on the code of `from`, which made
    /// it, stays loaded until the array is released: its `release` is the host's own and lets go
    /// of the generation last, so that no plugin frame is on the stack then.
    void pin(ArrowArray& array, std::shared_ptr<Generation> const& from);

    ArrowArray const& operator*() const { return array_; }
    ArrowArray const* operator->() const { return &array_; }
    explicit operator bool() const { return array_.release != nullptr; }
    void reset();

private:
    ArrowArray array_{};
};

}  // namespace weir::host
