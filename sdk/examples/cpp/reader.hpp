#pragma once

#include <memory>

#include "book.hpp"

namespace notebook {

/// Adds every table that `pattern` matches.
void discover(Book const& book, std::string_view pattern, weir::Catalog& catalog);

/// Reads a table as it stands now: all of it by its key, or what came after a cursor.
std::unique_ptr<weir::Reader> open(Book const& book, weir::Read const& read);

}  // namespace notebook
