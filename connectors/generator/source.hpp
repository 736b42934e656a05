#pragma once

#include <weir/cpp/source.hpp>

#include "options.hpp"

namespace weir::generator {

/// Made-up records: the same seed gives the same rows, whatever the batches and wherever a read
/// went on. One stream; its key and tracking field is `id`, which counts from 1.
class Generator final : public Source {
public:
    Generator(Host const& host, Config const& config) : host_{host}, options_{options_of(config)} {}

    void discover(Call const& call, std::string_view pattern, Catalog& catalog) override;
    std::unique_ptr<Reader> open(Call const& call, Read const& read) override;
    /// More rows of one seed are the same system: a delta goes on behind the last id.
    Json describe() const {
        return {{"identity", "generator:seed=" + std::to_string(options_.seed)}};
    }

private:
    Host host_;
    Options options_;
};

}  // namespace weir::generator
