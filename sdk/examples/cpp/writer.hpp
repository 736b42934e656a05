#pragma once

#include <memory>

#include "book.hpp"

namespace notebook {

/// Makes the table of the target, or the fields that it lacks.
weir::Prepared prepare(Book const& book, weir::Host const& host, weir::Target const& target,
                       std::vector<weir::FieldView> const& fields, bool dry_run);

/// Takes the next epoch, or the one that is asked for, and answers where the job stands.
std::unique_ptr<weir::Writer> begin(Book const& book, weir::Host const& host,
                                    weir::Begin const& begin, std::uint64_t& epoch,
                                    std::string& cursor);

/// The checkpoint of the job, where it holds; else empty.
std::string peek(Book const& book, weir::Begin const& begin);

}  // namespace notebook
