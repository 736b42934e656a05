#include "host/run/refused.hpp"

#include <fmt/format.h>

#include <cstring>
#include <optional>

#include "host/run/record_json.hpp"
#include "weir/cpp/source.hpp"
#include "weir/cpp/view.hpp"

namespace weir::host {

namespace {

/// `id 5`, `a 1, b 2`; empty where a field of the key is not there.
std::string named(nlohmann::ordered_json const& record, std::vector<std::string> const& key) {
    std::string out;
    for (std::string const& field : key) {
        if (!record.contains(field)) return {};
        nlohmann::ordered_json const& value = record[field];
        out += fmt::format("{}{} {}", out.empty() ? "" : ", ", field,
                           value.is_string() ? value.get<std::string>() : value.dump());
    }
    return out;
}

/// A text of `reason` that is shorter than `size_end`; nothing where there is none.
std::optional<std::string> short_text(nlohmann::json const& reason, char const* member,
                                      std::size_t size_end) {
    auto const at = reason.find(member);
    if (at == reason.end() || !at->is_string()) return std::nullopt;
    std::string const& text = at->get_ref<std::string const&>();
    return text.empty() || text.size() >= size_end ? std::nullopt : std::optional{text};
}

}  // namespace

bool holds_refused(ArrowSchema const& schema) {
    return schema.n_children > 1 &&
           std::strcmp(schema.children[schema.n_children - 1]->name, refused_field) == 0;
}

ArrowSchema without_reason(ArrowSchema const& schema) {
    ArrowSchema view = schema;
    view.n_children -= 1;
    view.release = [](ArrowSchema*) {};
    return view;
}

ArrowArray without_reason(ArrowArray const& batch) {
    ArrowArray view = batch;
    view.n_children -= 1;
    view.release = [](ArrowArray*) {};
    return view;
}

Error why_refused(ArrowSchema const& schema, ArrowArray const& batch, std::int64_t row,
                  std::string const& stream, std::vector<std::string> const& key,
                  std::uint64_t row_bytes_max) {
    std::int64_t const last = schema.n_children - 1;
    FieldView const field = FieldView::of(*schema.children[last]);
    std::string const text{ColumnView{field, *batch.children[last]}.bytes(row)};
    nlohmann::json const reason = nlohmann::json::parse(text, nullptr, false);
    bool const names_field =
        reason.is_object() && reason.contains("field") && reason["field"].is_string();
    bool const is_weighed =
        names_field && reason.contains("bytes") && reason["bytes"].is_number_unsigned();
    // As long as the same would be in a weir_error.
    auto const code = short_text(reason, "code", sizeof weir_error{}.code);
    auto const message = short_text(reason, "message", sizeof weir_error{}.message);
    if (!is_weighed && (!names_field || !code || !message))
        return Error{WEIR_E_INTERNAL, "plugin.rejects",
                     "the source refuses a record without a reason: this is a bug in it"};
    std::string const name = reason["field"];
    ArrowSchema const kept = without_reason(schema);
    std::string const which = named(record_json(kept, without_reason(batch), row), key);
    if (!is_weighed)
        return Error{WEIR_E_DATA, *code,
                     fmt::format("the record{}{} of {} is refused: {}", which.empty() ? "" : " ",
                                 which, stream, *message),
                     name}
            .suggest(short_text(reason, "suggestion", sizeof weir_error{}.suggestion)
                         .value_or(std::string{}));
    return Error{WEIR_E_DATA, too_large_code,
                 fmt::format("the record{}{} of {} has {} bytes in its field \"{}\": more than "
                             "{} per record are not taken",
                             which.empty() ? "" : " ", which, stream,
                             reason["bytes"].get<std::uint64_t>(), name, row_bytes_max),
                 name}
        .suggest("--row-bytes-max N to take it, about three times its size in memory; or leave "
                 "the field out with --fields");
}

}  // namespace weir::host
