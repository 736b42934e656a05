#include "host/run/shared_view.hpp"

namespace weir::host {

namespace {

Error lost() {
    return Error{WEIR_E_IO, "source.snapshot_lost",
                 "the state that all parts of a stream are read in is gone with its session"};
}

}  // namespace

bool SharedView::takes(ReadRequest const& request) {
    return request.mode == WEIR_READ_FULL && !request.select.contains("tracking");
}

Result<ReaderProxy> SharedView::open(CallContext const& call, ReadRequest request,
                                     std::uint64_t& state) {
    request.select["snapshot"] = name_;
    bool const is_certain = state != 0;
    constexpr int tries = 2;
    for (int i = 1;; ++i) {
        if (is_certain && !holds(state)) return lost();
        Result<std::uint64_t> const number = hold(call, request);
        if (!number) return number.error();
        if (is_certain && *number != state) return lost();
        Result<ReaderProxy> reader = source_.open(call, request);
        bool const is_lost = !reader && reader.error().code == "source.snapshot_lost";
        state = *number;
        if (is_lost) let_go(*number);
        if (!is_lost || is_certain || i == tries) return reader;
    }
}

bool SharedView::holds(std::uint64_t number) {
    std::lock_guard const lock{mutex_};
    return held_ && number_ == number;
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
