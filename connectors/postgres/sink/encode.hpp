#pragma once

#include <optional>
#include <string>
#include <vector>
#include <weir/cpp/view.hpp>

#include "outgoing.hpp"
#include "target.hpp"

// A batch as the data of COPY … FROM STDIN.
//
//   binary, where every column has a form that is known here (see ../native.hpp for the stream)
//   text, where one has none: line := value ("\t" value)* "\n"     value := "\N" | escaped text
namespace weir::postgres {

/// One field and the column that takes it.
struct Landing {
    std::size_t field = 0;  ///< its place in the batch
    TargetColumn column;
};

/// A column of the batch at work, and how a value of it is appended: false where the target cannot
/// hold it.
struct EncodedColumn {
    using Put = bool (*)(EncodedColumn&, std::int64_t row, Outgoing& out);
    std::size_t field = 0;
    TargetColumn target;
    ColumnView view;
    Put put = nullptr;
    std::string scratch;
};

/// Turns rows of certain fields into what COPY takes for certain columns. One thread.
class Encoder {
public:
    /// `numbered`: each row ends with its number, a bigint column more.
    Encoder(std::vector<FieldView> const& fields, std::vector<Landing> const& landings,
            bool numbered);

    bool is_binary() const { return is_binary_; }
    /// Shows all rows of `batch`; it and `fields` are borrowed until the next call.
    void show(std::vector<FieldView> const& fields, ArrowArray const& batch);

    /// What stands before the first row, and behind the last.
    void head(Outgoing& out) const;
    void tail(Outgoing& out) const;
    /// Appends one row. Nothing; or the place in the landings of the value that its column cannot
    /// hold, and then nothing is appended.
    std::optional<std::size_t> row(std::int64_t row, std::int64_t number, Outgoing& out);

    /// By place in the landings.
    ColumnView const& view(std::size_t landing) const { return columns_[landing].view; }

private:
    std::optional<std::size_t> binary_row(std::int64_t row, std::int64_t number, Outgoing& out);
    std::optional<std::size_t> text_row(std::int64_t row, std::int64_t number, Outgoing& out);

    std::vector<EncodedColumn> columns_;
    bool is_binary_, is_numbered_;
};

}  // namespace weir::postgres
