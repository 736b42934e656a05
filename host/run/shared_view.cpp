#include "host/run/shared_view.hpp"

namespace weir::host {

bool SharedView::takes(ReadRequest const& request) {
    return request.mode == WEIR_READ_FULL && !request.select.contains("tracking");
}

Result<ReaderProxy> SharedView::open(CallContext const& call, ReadRequest request,
                                     bool& is_later) {
    request.select["snapshot"] = name_;
    constexpr int tries = 2;
    for (int i = 1;; ++i) {
        Result<std::uint64_t> const number = hold(call, request);
        if (!number) return number.error();
        Result<ReaderProxy> reader = source_.open(call, request);
        bool const is_lost = !reader && reader.error().code == "source.snapshot_lost";
        is_later = *number > 1;
        if (!is_lost || i == tries) return reader;
        let_go(*number);
    }
}

/// Makes the state if there is none; its number.
Result<std::uint64_t> SharedView::hold(CallContext const& call, ReadRequest const& request) {
    std::lock_guard const lock{mutex_};
    if (held_) return number_;
    ReadRequest first = request;
    first.cursor.clear();
    Result<ReaderProxy> reader = source_.open(call, first);
    if (!reader) return reader.error();
    held_.emplace(std::move(*reader));
    return ++number_;
}

/// Unless somebody else has done so.
void SharedView::let_go(std::uint64_t number) {
    std::lock_guard const lock{mutex_};
    if (number == number_) held_.reset();
}

}  // namespace weir::host
