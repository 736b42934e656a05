#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/abi/sink_proxy.hpp"

namespace weir::host {

/// Takes the keys that a target lacks, and keeps them as the texts by which a source looks records
/// up (weir_read). One thread.
class WantedKeys {
public:
    /// More of them, or longer ones, are not worth it: then the stream is read whole.
    static constexpr std::uint64_t rows_max = 10'000;
    static constexpr std::size_t bytes_max = 512 * 1024;

    /// `key`: the fields, in the order of the texts.
    explicit WantedKeys(std::vector<std::string> key);
    WantedKeys(WantedKeys const&) = delete;
    WantedKeys& operator=(WantedKeys const&) = delete;

    KeySink const& sink() const { return sink_; }
    /// Whether they are all of `rows` that are missing.
    bool are_all(std::uint64_t rows) const { return is_whole_ && keys_.size() == rows; }
    std::uint64_t size() const { return keys_.size(); }
    /// [["1","a"]]
    nlohmann::json const& texts() const { return keys_; }

private:
    void add(ArrowSchema const& schema, ArrowArray const& keys);

    std::vector<std::string> key_;
    KeySink sink_;
    nlohmann::json keys_ = nlohmann::json::array();
    std::size_t bytes_ = 0;
    bool is_whole_ = true;
};

}  // namespace weir::host
