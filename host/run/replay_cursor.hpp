#pragma once

#include <string>
#include <vector>

namespace weir::host {

/// What the sink keeps of a replay, committed with the rows: {"run","written":[id…],"last":id}. A
/// value.
struct ReplayCursor {
    std::string run_id;
    std::vector<std::string> written;  ///< the letters whose rows came with this commit
    std::string last;                  ///< the last letter that the run has tried, in any way

    std::string text() const;
    /// What is no such cursor says nothing.
    static ReplayCursor parse(std::string const& text);
};

}  // namespace weir::host
