#include "reader.hpp"

#include <algorithm>
#include <weir/cpp/one_stream.hpp>

#include "values.hpp"

namespace notebook {

namespace {

Json const& field_named(Json const& table, std::string const& name) {
    for (Json const& field : table.at("fields"))
        if (field.at("name") == name) return field;
    throw weir::Error{WEIR_E_NOT_FOUND, "notebook: there is no field \"" + name + "\"", name}
        .coded("source.field_not_found");
}

Json meta_of(std::string const& name, Json const& table) {
    Json meta{{"target", name},
              {"keys", Json::array()},
              {"rows", table.at("rows").size()},
              {"fields", table.at("fields")},
              {"tracking", Json::array()},
              {"caveats", {"a delta sees no deletes, and no late records of a tracking value"}}};
    if (!table.at("key").empty()) meta["keys"].push_back(table.at("key"));
    for (Json const& field : table.at("fields")) {
        std::string const type = field.at("type");
        if (type == "int" || type == "instant" || type == "local")
            meta["tracking"].push_back(
                {{"field", field.at("name")}, {"type", type}, {"notes", Json::array()}});
    }
    return meta;
}

/// The values of some fields of a row, in order; JSON compares them.
Json values_of(Json const& row, std::vector<std::string> const& names) {
    Json out = Json::array();
    for (std::string const& name : names) out.push_back(row.value(name, Json{}));
    return out;
}

// cursor := {"after":[value…]}: go on behind the row with these values of the fields it is sorted
// by.
class TableReader final : public weir::Reader {
public:
    TableReader(Json const& table, weir::Read const& read)
        : sorted_by_{read.key}, limits_{read.rows_max, read.bytes_max} {
        for (Json const& field : table.at("fields")) all_.push_back(field.at("name"));
        for (std::string const& name : read.fields.value_or(all_))
            schema_.push_back(field_of(field_named(table, name)));
        for (std::string const& name : read.key) field_named(table, name);
        if (!read.tracking.empty()) {
            field_named(table, read.tracking);
            then_by_ = {read.tracking};
            then_by_.insert(then_by_.end(), read.key.begin(), read.key.end());
        }
        is_delta_ = read.mode == WEIR_READ_DELTA && !read.tracking.empty();
        if (is_delta_) sorted_by_ = then_by_;
        for (Json const& row : table.at("rows"))
            if (!is_delta_ || !row.value(read.tracking, Json{}).is_null()) rows_.push_back(row);
        if (!sorted_by_.empty())
            std::stable_sort(rows_.begin(), rows_.end(), [this](Json const& a, Json const& b) {
                return values_of(a, sorted_by_) < values_of(b, sorted_by_);
            });
        end_cursor_ = newest();
        if (!read.cursor.empty()) go_behind(read.cursor);
        if (static_cast<std::int64_t>(rows_.size() - at_) > read.limit)
            rows_.resize(at_ + static_cast<std::size_t>(read.limit));
    }

    weir::Schema schema() const override { return schema_; }

    bool next(weir::Call const& call, weir::Batch& batch) override {
        call.check();
        while (at_ < rows_.size() && !batch.full(limits_.rows, limits_.bytes)) {
            for (std::size_t i = 0; i < schema_.size(); ++i)
                append(batch.column(i), schema_[i], rows_[at_].value(schema_[i].name, Json{}));
            ++at_;
            if (!sorted_by_.empty()) cursor_ = cursor_behind(rows_[at_ - 1], sorted_by_);
        }
        if (batch.rows() > 0 && !sorted_by_.empty()) batch.cursor(cursor_);
        if (batch.rows() == 0 && !then_by_.empty())
            batch.cursor(is_delta_ && !cursor_.empty() ? cursor_ : end_cursor_);
        return batch.rows() > 0;
    }

private:
    static std::string cursor_behind(Json const& row, std::vector<std::string> const& names) {
        return Json{{"after", values_of(row, names)}}.dump();
    }
    /// Where the next delta goes on, by all rows that are there.
    std::string newest() const {
        Json greatest = Json::array();
        for (Json const& row : rows_)
            if (!then_by_.empty()) greatest = std::max(greatest, values_of(row, then_by_));
        return Json{{"after", greatest}}.dump();
    }
    void go_behind(std::string_view cursor) {
        Json const json = Json::parse(cursor, nullptr, false);
        bool const is_ours = json.is_object() && json.contains("after") &&
                             json["after"].is_array() &&
                             (json["after"].empty() || json["after"].size() == sorted_by_.size());
        if (!is_ours)
            throw weir::Error{WEIR_E_CONFLICT, "notebook: the stored position is of another read"}
                .coded("source.cursor_mismatch");
        cursor_ = cursor;
        if (json["after"].empty()) return;  // there was nothing to read yet
        while (at_ < rows_.size() && values_of(rows_[at_], sorted_by_) <= json["after"]) ++at_;
    }

    struct Limits {
        std::int64_t rows;
        std::size_t bytes;
    };
    std::vector<std::string> all_, sorted_by_, then_by_;
    Limits limits_;
    weir::Schema schema_;
    std::vector<Json> rows_;
    std::size_t at_ = 0;
    bool is_delta_ = false;
    std::string cursor_, end_cursor_;
};

/// The book, which has to be there.
Json must_read(Book const& book) {
    if (book.is_there()) return book.read();
    throw weir::Error{WEIR_E_NOT_FOUND, "notebook: there is no file " + book.path(), "/url"}.coded(
        "notebook.no_file");
}

}  // namespace

void discover(Book const& book, std::string_view pattern, weir::Catalog& catalog) {
    Json const json = must_read(book);
    for (auto const& [name, table] : json.at("tables").items()) {
        if (!pattern.empty() && !weir::matches(pattern, name)) continue;
        weir::Stream stream{name, {}, meta_of(name, table), WEIR_READ_FULL | WEIR_READ_DELTA};
        for (Json const& field : table.at("fields")) stream.schema.push_back(field_of(field));
        catalog.add(stream);
    }
}

std::unique_ptr<weir::Reader> open(Book const& book, weir::Read const& read) {
    Json json = must_read(book);
    std::string const name{read.stream};
    Json const* table = table_of(json, name);
    if (!table)
        throw weir::Error{WEIR_E_NOT_FOUND, "notebook: there is no table " + name}.coded(
            "source.stream_not_found");
    return std::make_unique<TableReader>(*table, read);
}

}  // namespace notebook
