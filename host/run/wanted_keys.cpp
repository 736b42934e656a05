#include "host/run/wanted_keys.hpp"

#include "host/run/record_json.hpp"

namespace weir::host {

WantedKeys::WantedKeys(std::vector<std::string> key)
    : key_{std::move(key)},
      sink_{rows_max, [this](ArrowSchema const& schema, ArrowArray const& keys) {
                add(schema, keys);
                return true;
            }} {}

void WantedKeys::add(ArrowSchema const& schema, ArrowArray const& keys) {
    for (std::int64_t row = 0; row < keys.length && is_whole_; ++row) {
        nlohmann::ordered_json const record = record_json(schema, keys, row);
        nlohmann::json texts = nlohmann::json::array();
        for (std::string const& name : key_) {
            auto const value = record.find(name);
            is_whole_ = is_whole_ && value != record.end() && value->is_primitive() &&
                        !value->is_null();
            if (!is_whole_) return;
            texts.push_back(value->is_string() ? value->get<std::string>() : value->dump());
            bytes_ += texts.back().get_ref<std::string const&>().size();
        }
        is_whole_ = bytes_ <= bytes_max;
        keys_.push_back(std::move(texts));
    }
}

}  // namespace weir::host
