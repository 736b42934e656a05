#pragma once

#include <memory>
#include <vector>

#include "host/child/slab.hpp"
#include "weir/arrow.h"

namespace weir::host {

/// Schemas and arrays as they go over a line: the counts in the frame, the buffers in a slab.

void pack_schema(Packer& args, ArrowSchema const& schema);
/// One that passes check_schema() or none: throws BadFrame.
void unpack_schema(Unpacker& args, ArrowSchema* out);

/// Where the buffers of one batch go. Borrows the array.
class ArrayImage {
public:
    /// `schema` has passed check_schema(); `array` is read as far as its counts fit it.
    ArrayImage(ArrowSchema const& schema, ArrowArray const& array);

    /// Bytes that the buffers need.
    std::size_t size() const { return size_; }
    void copy_to(std::byte* to) const;
    void pack(Packer& args) const;

private:
    struct Piece {
        void const* from;
        std::size_t at, bytes;
    };
    void add(void const* from, std::int64_t bytes);

    ArrowArray const& array_;
    std::vector<Piece> pieces_;
    std::vector<std::size_t> per_column_;
    std::size_t size_ = 0;
};

/// The array of an image in `slab`: released, it gives the slab back. Throws BadFrame where a
/// buffer does not lie in the slab. What the counts promise is for BatchCheck to look at.
void unpack_array(Unpacker& args, std::shared_ptr<Slab> slab, ArrowArray* out);

}  // namespace weir::host
