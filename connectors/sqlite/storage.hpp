#pragma once

#include <string>
#include <string_view>
#include <weir/cpp/view.hpp>

namespace weir::sqlite {

/// The source type of a field that may hold any storage class, in this batch or in a later one.
/// The text of an opaque one is an SQL literal of SQLite: `12`, `1.5`, `'it''s'`, `x'00ff'`. The
/// reader uses it for columns that hold several classes, and whose declaration promises none; the
/// sink stores what the literal means, in a column that takes every class. A numeric one is such a
/// literal too: digits, or an infinity in the words of other systems.
inline constexpr std::string_view any_type = "sqlite.any";

/// In which storage classes the values of one field arrive in SQLite.
enum class Storage {
    integer,
    text,
    free_text,  ///< text that never looks like a number: dates, times, uuids
    blob,
    real,    ///< REAL, and TEXT for NaN and the infinities
    number,  ///< INTEGER, and TEXT beyond 2^63-1
    any      ///< whatever a literal says
};

Storage storage_of(FieldView const& field);

/// The type that a table made by Weir declares for it.
char const* declared_type(Storage storage);
char const* declared_type(FieldView const& field);

/// Whether all values of the field, in this batch and in later ones, are of one storage class.
bool has_one_class(FieldView const& field);

/// How a column of an existing table treats what is stored in it.
enum class Affinity { integer, text, blob, real, numeric, strict_any };
Affinity affinity_of(std::string_view declared, bool strict);

/// Why a column of `affinity` would change or refuse values of `storage`; empty: it takes them all
/// as they are, NaN in a strict REAL and the sign of -0.0 in any REAL excepted.
std::string misfit(Storage storage, Affinity affinity, bool strict);

}  // namespace weir::sqlite
