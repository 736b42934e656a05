#include "host/abi/source_proxy.hpp"

#include <fmt/format.h>

#include <new>

#include "host/abi/arrow_check.hpp"
#include "host/abi/instance_object.hpp"
#include "host/abi/utf8.hpp"
#include "weir/cpp/stream_meta.hpp"

namespace weir::host {

/// A plugin's reader, its lane, and the check of its batches.
class ReaderObject {
public:
    ReaderObject(std::shared_ptr<InstanceObject> instance, weir_reader* handle)
        : instance_{std::move(instance)},
          table_{*instance_->component().source},
          handle_{handle},
          boundary_{instance_->host().instance(), instance_->component().generation,
                    instance_->host().services(),
                    WEIR_HAS(&table_, weir_source, interrupt) ? interrupt_handle : nullptr, this} {
        boundary_.generation()->reader_began();
    }
    ReaderObject(ReaderObject const&) = delete;
    ReaderObject& operator=(ReaderObject const&) = delete;
    ~ReaderObject() {
        boundary_.finish("close", [this] { table_.close(handle_); });
        boundary_.generation()->reader_ended();
    }

    Result<OwnedSchema> schema();
    Result<NextBatch> next(CallContext const& call);
    void interrupt() { boundary_.interrupt(); }

private:
    static void interrupt_handle(void* self) {
        auto& object = *static_cast<ReaderObject*>(self);
        object.table_.interrupt(object.handle_);
    }
    Result<void> learn_schema();
    Result<void> fill(CallContext const& call, NextBatch& out);
    Result<void> take_cursor(weir_batch const& from, NextBatch& into) const;

    std::shared_ptr<InstanceObject> instance_;
    weir_source const& table_;
    weir_reader* handle_;
    Boundary boundary_;
    BatchCheck check_;
    bool has_check_ = false;
};

Result<OwnedSchema> ReaderObject::schema() {
    OwnedSchema out;
    Result<weir_status> const done = boundary_.call("schema", nullptr, [&](weir_error* error) {
        return table_.schema(handle_, out.fill(), error);
    });
    if (!done) return done.error();
    if (!out) return boundary_.broken("schema", "answered no schema");
    if (std::string const why = check_schema(*out); !why.empty())
        return boundary_.broken("schema", "answered a schema that " + why);
    check_ = BatchCheck{*out};
    has_check_ = true;
    // A copy in our own memory: schemas outlive readers, and are not pinned.
    return copy_schema(*out);
}

Result<void> ReaderObject::learn_schema() {
    Result<OwnedSchema> const known = schema();
    if (!known) return known.error();
    return {};
}

Result<void> ReaderObject::take_cursor(weir_batch const& from, NextBatch& into) const {
    if (!(from.flags & WEIR_BATCH_CURSOR)) return {};
    if (from.cursor_size > 0 && !from.cursor)
        return boundary_.broken("next", "answered a null pointer as cursor");
    if (from.cursor_size > cursor_bytes_max)
        return boundary_.broken("next", fmt::format("answered a cursor of {} bytes; at most {} are "
                                                    "possible",
                                                    from.cursor_size, cursor_bytes_max));
    std::string_view const cursor{from.cursor ? from.cursor : "", from.cursor_size};
    if (!is_utf8(cursor)) return boundary_.broken("next", "answered a cursor that is not UTF-8");
    if (!cursor.empty() && !nlohmann::json::accept(cursor))
        return boundary_.broken("next", "answered a cursor that is no JSON");
    into.cursor.emplace(cursor);
    return {};
}

Result<NextBatch> ReaderObject::next(CallContext const& call) {
    Result<NextBatch> out{boost::system::in_place_value};  // filled in place: a move copies it all
    if (Result<void> filled = fill(call, *out); !filled) out = std::move(filled.error());
    return out;
}

Result<void> ReaderObject::fill(CallContext const& call, NextBatch& out) {
    if (!has_check_)
        if (Result<void> const known = learn_schema(); !known) return known.error();
    weir_batch batch{};
    batch.struct_size = sizeof batch;
    Result<weir_status> const done = boundary_.call(
        "next", &call,
        [&](weir_error* error) { return table_.next(handle_, call.abi(), &batch, error); }, true);
    if (batch.array.release) out.array.pin(batch.array, boundary_.generation());
    if (!done) return done.error();
    out.is_end = *done == WEIR_END;
    if (Result<void> const taken = take_cursor(batch, out); !taken) return taken.error();
    if (out.is_end) {
        out.array.reset();
        return {};
    }
    if (!out.array) return boundary_.broken("next", "answered no batch");
    out.schema_changed = (batch.flags & WEIR_BATCH_SCHEMA) != 0;
    if (out.schema_changed)
        if (Result<void> const known = learn_schema(); !known) return known.error();
    if (std::string const why = check_.check(*out.array); !why.empty())
        return boundary_.broken("next", "answered a batch that " + why);
    out.rows = out.array->length;
    out.bytes = check_.bytes(*out.array);
    return {};
}

ReaderProxy::ReaderProxy(std::unique_ptr<ReaderObject> object) : object_{std::move(object)} {}
ReaderProxy::ReaderProxy(ReaderProxy&&) noexcept = default;
ReaderProxy& ReaderProxy::operator=(ReaderProxy&&) noexcept = default;
ReaderProxy::~ReaderProxy() = default;
Result<OwnedSchema> ReaderProxy::schema() { return object_->schema(); }
Result<NextBatch> ReaderProxy::next(CallContext const& call) { return object_->next(call); }
void ReaderProxy::interrupt() { object_->interrupt(); }

namespace {

/// Takes out of objects what is null, which counts as absent: not of `cursors`, where null says
/// that a field is none.
void drop_absent(nlohmann::json& value) {
    for (auto each = value.begin(); each != value.end();) {
        if (value.is_object() && each->is_null()) {
            each = value.erase(each);
            continue;
        }
        if (value.is_object() && each.key() == "cursors") {
            for (nlohmann::json& rule : *each)
                if (rule.is_object()) drop_absent(rule);
        } else if (each->is_structured()) {
            drop_absent(*each);
        }
        ++each;
    }
}

/// A weir_catalog that copies what it is given and checks it.
class FoundStreams {
public:
    FoundStreams() : abi_{sizeof abi_, 0, this, add} {}
    FoundStreams(FoundStreams const&) = delete;
    FoundStreams& operator=(FoundStreams const&) = delete;

    weir_catalog const* abi() const { return &abi_; }
    /// Why a stream was not taken, as the end of a sentence; empty: all were.
    std::string const& refused() const { return refused_; }
    /// There were more than streams_max.
    bool is_over() const { return is_over_; }
    std::vector<FoundStream> take() { return std::move(found_); }

private:
    static weir_status add(void* self, weir_stream const* stream, ArrowSchema const* schema) {
        auto& streams = *static_cast<FoundStreams*>(self);
        if (streams.found_.size() >= SourceProxy::streams_max) {
            streams.is_over_ = true;
            return WEIR_E_UNSUPPORTED;
        }
        try {
            streams.refused_ = streams.take_one(stream, schema);
        } catch (std::bad_alloc const&) {
            return WEIR_E_NOMEM;
        }
        return streams.refused_.empty() ? weir_status{WEIR_OK} : weir_status{WEIR_E_INTERNAL};
    }
    std::string take_one(weir_stream const* stream, ArrowSchema const* schema);

    weir_catalog abi_;
    std::vector<FoundStream> found_;
    std::string refused_;
    bool is_over_ = false;
};

std::string FoundStreams::take_one(weir_stream const* stream, ArrowSchema const* schema) {
    if (!WEIR_HAS(stream, weir_stream, name) || !schema || !schema->release)
        return "found a stream without a name or a schema";
    std::string const name = mend_utf8(stream->name);
    if (std::string const why = check_schema(*schema); !why.empty())
        return fmt::format("found the stream {} with a schema that {}", name, why);
    char const* text = WEIR_HAS(stream, weir_stream, meta_json) ? stream->meta_json : "{}";
    nlohmann::json meta = nlohmann::json::parse(text, nullptr, false);
    if (!meta.is_object())
        return fmt::format("found the stream {} with a meta_json that is no JSON object", name);
    if (std::string const flaw = flaw_of_stream_meta(meta); !flaw.empty())
        return fmt::format("found the stream {} with a meta_json whose {}", name, flaw);
    drop_absent(meta);
    found_.push_back({name, stream->flags, std::move(meta), copy_schema(*schema)});
    return {};
}

}  // namespace

Result<std::vector<FoundStream>> SourceProxy::discover(CallContext const& call,
                                                       std::optional<std::string> const& pattern) {
    FoundStreams streams;
    Boundary& boundary = object_->boundary();
    weir_source const& table = *object_->component().source;
    std::lock_guard const turn{object_->turn()};
    Result<weir_status> const done = boundary.call("discover", &call, [&](weir_error* error) {
        return table.discover(object_->handle(), call.abi(), pattern ? pattern->c_str() : nullptr,
                              streams.abi(), error);
    });
    if (streams.is_over())
        return Error{WEIR_E_UNSUPPORTED, "source.too_many_streams",
                     fmt::format("{}: more than {} streams match; give a narrower pattern",
                                 boundary.who(), streams_max)};
    if (!streams.refused().empty()) return boundary.broken("discover", streams.refused());
    if (!done) return done.error();
    return streams.take();
}

Result<ReaderProxy> SourceProxy::open(CallContext const& call, ReadRequest const& request) {
    std::string const select = request.select.dump();
    weir_read read{};
    read.struct_size = sizeof read;
    read.mode = request.mode;
    read.rows_max = request.rows_max;
    read.bytes_max = request.bytes_max;
    read.stream = request.stream.c_str();
    read.select_json = select.c_str();
    read.cursor = request.cursor.c_str();
    read.cursor_size = request.cursor.size();
    weir_reader* handle = nullptr;
    Boundary& boundary = object_->boundary();
    weir_source const& table = *object_->component().source;
    std::lock_guard const turn{object_->turn()};
    Result<weir_status> const done = boundary.call("open", &call, [&](weir_error* error) {
        return table.open(object_->handle(), call.abi(), &read, &handle, error);
    });
    if (!done) return done.error();
    if (!handle) return boundary.broken("open", "answered no reader");
    return ReaderProxy{std::make_unique<ReaderObject>(object_, handle)};
}

}  // namespace weir::host
