#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

namespace detail {

inline std::string folded(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

/// Edits from `a` to `b`: optimal string alignment distance.
inline std::size_t edits(std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
    for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i)
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const cost = a[i - 1] == b[j - 1] ? 0 : 1;
            d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[a.size()][b.size()];
}

}  // namespace detail

/// The candidate nearest to `wanted` by edits (insert, delete, replace, swap neighbours; the case
/// of ASCII does not count); empty when none is near enough to be meant. Names beyond 256 bytes
/// are nobody's.
inline std::string nearest(std::string_view wanted, std::vector<std::string> const& candidates) {
    constexpr std::size_t compared_bytes_max = 256;
    std::string const from = detail::folded(wanted.substr(0, compared_bytes_max));
    std::size_t best = std::max<std::size_t>(2, wanted.size() / 3) + 1;
    std::string found;
    for (std::string const& candidate : candidates) {
        if (candidate.size() > compared_bytes_max) continue;
        if (std::size_t const count = detail::edits(from, detail::folded(candidate));
            count < best) {
            best = count;
            found = candidate;
        }
    }
    return found;
}

/// "did you mean NEAR?", or `otherwise` when `near` is empty, as nearest() answers it.
inline std::string did_you_mean(std::string const& near, std::string otherwise = {}) {
    return near.empty() ? std::move(otherwise) : "did you mean " + near + "?";
}

}  // namespace weir
