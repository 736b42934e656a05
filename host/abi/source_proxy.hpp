#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/abi/arrow_owned.hpp"
#include "host/abi/call_context.hpp"
#include "host/core/error.hpp"
#include "weir/source.h"

namespace weir::host {

class InstanceObject;
class ReaderObject;

/// One stream as a source found it; see weir_stream.
struct FoundStream {
    std::string name;
    std::uint32_t modes = 0;  ///< WEIR_READ_*
    nlohmann::json meta;      ///< an object
    OwnedSchema schema;       ///< the host's own copy
};

/// See weir_read. Borrowed during open().
struct ReadRequest {
    std::string stream = {};
    std::uint32_t mode = WEIR_READ_FULL;
    std::uint32_t rows_max = 8192;
    std::uint64_t bytes_max = 8 << 20;
    nlohmann::json select = nlohmann::json::object();
    std::string cursor = {};  ///< empty: from the beginning
};

/// One answer of ReaderProxy::next().
struct NextBatch {
    bool is_end = false;          ///< nothing more will come; `array` is empty
    bool schema_changed = false;  ///< schema() answers differently from this batch on
    std::optional<std::string> cursor;
    OwnedArray array;
    std::int64_t rows = 0;
    std::uint64_t bytes = 0;  ///< of the buffers that the rows use
};

/// An open read. A lane of its own; closes in the destructor. Move-only.
class ReaderProxy {
public:
    explicit ReaderProxy(std::unique_ptr<ReaderObject> object);
    ReaderProxy(ReaderProxy&&) noexcept;
    ReaderProxy& operator=(ReaderProxy&&) noexcept;
    ~ReaderProxy();

    /// The schema of the batches to come, which passed the checks.
    Result<OwnedSchema> schema();
    /// Blocks until there is a batch, the end, or cancellation. Every array is checked against the
    /// schema. After an error only the destructor may follow.
    Result<NextBatch> next(CallContext const& call);
    /// Unblocks next(). Any thread. Does nothing between calls: what must hold for the next call
    /// too is the stop token's to say.
    void interrupt();

private:
    std::unique_ptr<ReaderObject> object_;
};

/// The source of an Instance: a view on it, and on the lane of the instance.
class SourceProxy {
public:
    static constexpr std::size_t streams_max = 100'000;

    /// `pattern` as the user wrote it; nothing: all. In the order of the source.
    Result<std::vector<FoundStream>> discover(CallContext const& call,
                                              std::optional<std::string> const& pattern);
    Result<ReaderProxy> open(CallContext const& call, ReadRequest const& request);

private:
    friend class Instance;
    explicit SourceProxy(std::shared_ptr<InstanceObject> object) : object_{std::move(object)} {}
    std::shared_ptr<InstanceObject> object_;
};

}  // namespace weir::host
