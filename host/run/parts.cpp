#include "host/run/parts.hpp"

#include <algorithm>

#include "weir/cpp/view.hpp"

namespace weir::host {

namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

Error not_texts() {
    return Error{WEIR_E_INTERNAL, "plugin.broken_promise",
                 "the source told the places between parts of a stream otherwise than as texts of "
                 "its key: this is a bug in it"};
}

/// The rows of a batch of texts.
Result<void> add_places(ArrowSchema const& schema, ArrowArray const& batch, std::size_t width,
                        std::vector<Names>& places) {
    std::vector<FieldView> const fields = fields_of(schema);
    bool const are_texts = std::ranges::all_of(fields, [](FieldView const& field) {
        return field.layout == Layout::text && field.meaning == Meaning::plain;
    });
    if (fields.size() != width || !are_texts) return not_texts();
    std::vector<ColumnView> const columns = columns_of(fields, batch);
    for (std::int64_t row = 0; row < batch.length; ++row) {
        Names& place = places.emplace_back();
        for (ColumnView const& column : columns) {
            if (column.is_null(row)) return not_texts();
            place.emplace_back(column.bytes(row));
        }
    }
    return {};
}

}  // namespace

bool Parts::are_done() const { return std::ranges::all_of(list, &Part::is_done); }

std::string cursor_of(Parts const& parts) {
    Json list = Json::array();
    for (Part const& part : parts.list) {
        Json& each = list.emplace_back(Json::object());
        if (!part.above.empty()) each["above"] = part.above;
        if (!part.upto.empty()) each["upto"] = part.upto;
        if (!part.cursor.empty()) each["cursor"] = part.cursor;
        if (part.is_done) each["done"] = true;
    }
    Json cursor{{"weir", 1}, {"parts", std::move(list)}};
    if (!parts.then.empty()) cursor["then"] = parts.then;
    return cursor.dump();
}

std::optional<Parts> parts_of(std::string const& cursor) {
    Json const json = Json::parse(cursor, nullptr, false);
    if (!json.is_object() || json.value("weir", Json{}) != 1 || !json.contains("parts"))
        return std::nullopt;
    Parts parts{.list = {}, .then = json.value("then", "")};
    for (Json const& each : json["parts"])
        parts.list.push_back({each.value("above", Names{}), each.value("upto", Names{}),
                         each.value("cursor", ""), each.value("done", false)});
    return parts;
}

ReadRequest request_of(ReadRequest const& whole, Part const& part) {
    ReadRequest read = whole;
    read.mode = WEIR_READ_FULL;
    for (char const* const word : {"tracking", "lookback_ms"}) read.select.erase(word);
    if (!part.above.empty()) read.select["above"] = part.above;
    if (!part.upto.empty()) read.select["upto"] = part.upto;
    read.cursor = part.cursor;
    return read;
}

Result<Parts> cut(SourceProxy& source, CallContext const& call, ReadRequest const& whole,
                  std::size_t count) {
    ReadRequest read = whole;
    read.cursor.clear();
    read.select["cut"] = count;
    Result<ReaderProxy> reader = source.open(call, read);
    if (!reader) return reader.error();
    Result<OwnedSchema> const schema = reader->schema();
    if (!schema) return schema.error();
    std::vector<Names> places;
    Parts parts;
    for (;;) {
        Result<NextBatch> const batch = reader->next(call);
        if (!batch) return batch.error();
        if (batch->is_end) {
            parts.then = batch->cursor.value_or("");
            break;
        }
        auto added = add_places(**schema, *batch->array, whole.select["key"].size(), places);
        if (!added) return added.error();
        if (places.size() >= count) return not_texts();
    }
    // Whoever does not tell a delta's position reads it whole.
    if (whole.mode == WEIR_READ_DELTA && parts.then.empty()) places.clear();
    parts.list.resize(places.size() + 1);
    for (std::size_t i = 0; i < places.size(); ++i) {
        parts.list[i].upto = places[i];
        parts.list[i + 1].above = std::move(places[i]);
    }
    return parts;
}

}  // namespace weir::host
