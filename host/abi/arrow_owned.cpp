#include "host/abi/arrow_owned.hpp"

#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "host/abi/breadcrumb.hpp"
#include "host/abi/misdeeds.hpp"

namespace weir::host {

namespace {

/// What a copied schema points at; freed by its release.
struct SchemaCopy {
    std::string format, name, metadata;
    std::vector<ArrowSchema> children;
    std::vector<ArrowSchema*> pointers;
};

void release_copy(ArrowSchema* schema) {
    auto* copy = static_cast<SchemaCopy*>(schema->private_data);
    for (ArrowSchema& child : copy->children)
        if (child.release) child.release(&child);
    schema->release = nullptr;
    delete copy;
}

/// Arrow's metadata: int32 pairs, then for each key and value an int32 size and the bytes.
std::size_t metadata_size(char const* metadata) {
    auto number = [metadata](std::size_t at) {
        std::int32_t value = 0;
        std::memcpy(&value, metadata + at, sizeof value);
        return value;
    };
    std::size_t size = sizeof(std::int32_t);
    for (std::int32_t texts = 2 * number(0); texts > 0; --texts)
        size += sizeof(std::int32_t) + static_cast<std::size_t>(number(size));
    return size;
}

void copy_into(ArrowSchema const& from, ArrowSchema* out) {
    auto copy = std::make_unique<SchemaCopy>();
    copy->format = from.format;
    copy->name = from.name ? from.name : "";
    if (from.metadata) copy->metadata.assign(from.metadata, metadata_size(from.metadata));
    copy->children.resize(static_cast<std::size_t>(from.n_children));
    for (std::size_t i = 0; i < copy->children.size(); ++i) {
        copy_into(*from.children[i], &copy->children[i]);
        copy->pointers.push_back(&copy->children[i]);
    }
    *out = ArrowSchema{};
    out->format = copy->format.c_str();
    out->name = copy->name.c_str();
    out->metadata = from.metadata ? copy->metadata.data() : nullptr;
    out->flags = from.flags;
    out->n_children = from.n_children;
    out->children = copy->pointers.empty() ? nullptr : copy->pointers.data();
    out->release = release_copy;
    out->private_data = copy.release();
}

/// Told to the log once, however many batches there are.
void note_thrown(std::string const& plugin) {
    Error const error{WEIR_E_INTERNAL, "plugin.broken_promise",
                      "release() of a batch let an exception cross the boundary; this is a bug in "
                      "the plugin " + plugin};
    std::optional<Error> const last = Misdeeds::here().last(plugin);
    if (!last || last->message != error.message) Misdeeds::here().note(plugin, error);
}

void release_pinned(ArrowArray* array) {
    auto* pin = static_cast<Pin*>(array->private_data);
    std::shared_ptr<Generation> const generation = std::move(pin->generation);
    array->release = pin->release;
    array->private_data = pin->private_data;
    bool has_thrown = false;
    if (++pin->releases == 0) ++pin->releases;
    pin->releasing.store(pin->releases, std::memory_order_relaxed);
    {
        Breadcrumb const here{*generation, "release"};
        try {
            array->release(array);
        } catch (...) {
            has_thrown = true;
        }
    }
    pin->releasing.store(0, std::memory_order_relaxed);
    array->release = nullptr;
    generation->return_pin(pin);
    if (has_thrown) note_thrown(generation->id());
}

}  // namespace

OwnedSchema::OwnedSchema(OwnedSchema&& other) noexcept
    : schema_{std::exchange(other.schema_, ArrowSchema{})} {}

OwnedSchema& OwnedSchema::operator=(OwnedSchema&& other) noexcept {
    if (this == &other) return *this;
    reset();
    schema_ = std::exchange(other.schema_, ArrowSchema{});
    return *this;
}

ArrowSchema* OwnedSchema::fill() {
    reset();
    return &schema_;
}

void OwnedSchema::reset() {
    if (schema_.release) schema_.release(&schema_);
    schema_ = ArrowSchema{};
}

OwnedSchema copy_schema(ArrowSchema const& from) {
    OwnedSchema out;
    copy_into(from, out.fill());
    return out;
}

OwnedArray::OwnedArray(OwnedArray&& other) noexcept
    : array_{std::exchange(other.array_, ArrowArray{})} {}

OwnedArray& OwnedArray::operator=(OwnedArray&& other) noexcept {
    if (this == &other) return *this;
    reset();
    array_ = std::exchange(other.array_, ArrowArray{});
    return *this;
}

void OwnedArray::pin(ArrowArray& array, std::shared_ptr<Generation> const& from) {
    reset();
    Pin* pin = from->take_pin();
    pin->release = array.release;
    pin->private_data = array.private_data;
    pin->generation = from;
    array_ = array;
    array_.release = release_pinned;
    array_.private_data = pin;
    array.release = nullptr;
}

void OwnedArray::reset() {
    if (array_.release) array_.release(&array_);
    array_ = ArrowArray{};
}

}  // namespace weir::host
