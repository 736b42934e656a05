#include "storage.hpp"

#include "names.hpp"

namespace weir::sqlite {

Storage storage_of(FieldView const& field) {
    bool const is_literal =
        field.extension == "arrow.opaque" || field.extension == "weir.numeric";
    if (is_literal && field.source_type == any_type) return Storage::any;
    switch (field.layout) {
        case Layout::uint64: return Storage::number;
        case Layout::float32:
        case Layout::float64: return Storage::real;
        case Layout::text:
        case Layout::large_text:
            return field.meaning == Meaning::binary ? Storage::blob : Storage::text;
        case Layout::fixed:
            return field.extension == "arrow.uuid" ? Storage::free_text : Storage::blob;
        case Layout::decimal: return Storage::text;
        default: return field.meaning == Meaning::plain ? Storage::integer : Storage::free_text;
    }
}

char const* declared_type(Storage storage) {
    switch (storage) {
        case Storage::integer: return "INTEGER";
        case Storage::text:
        case Storage::free_text: return "TEXT";
        case Storage::blob: return "BLOB";
        default: return "ANY";
    }
}

char const* declared_type(FieldView const& field) {
    return field.source_type == any_type ? "ANY" : declared_type(storage_of(field));
}

bool has_one_class(FieldView const& field) {
    return field.source_type != any_type && storage_of(field) <= Storage::blob;
}

Affinity affinity_of(std::string_view declared, bool strict) {
    std::string const type = folded(declared);
    auto has = [&type](char const* word) { return type.find(word) != std::string::npos; };
    if (strict && type == "any") return Affinity::strict_any;
    // The order is SQLite's own: CHARINT is an integer, FLOATING POINT as well.
    if (has("int")) return Affinity::integer;
    if (has("char") || has("clob") || has("text")) return Affinity::text;
    if (type.empty() || has("blob")) return Affinity::blob;
    if (has("real") || has("floa") || has("doub")) return Affinity::real;
    return Affinity::numeric;
}

std::string misfit(Storage storage, Affinity affinity, bool strict) {
    if (affinity == Affinity::strict_any || (affinity == Affinity::blob && !strict)) return {};
    bool const is_text = storage == Storage::text || storage == Storage::free_text;
    switch (affinity) {
        case Affinity::text:
            if (is_text || (storage == Storage::blob && !strict)) return {};
            return storage == Storage::blob ? "takes no bytes" : "would turn numbers into text";
        case Affinity::integer:
        case Affinity::numeric:
            if (storage == Storage::integer) return {};
            if (strict) return "takes whole numbers only";
            if (storage == Storage::free_text || storage == Storage::blob) return {};
            if (storage == Storage::real) return "would turn 2.0 into 2";
            return "would turn 1.10 into 1.1 and round long numbers";
        case Affinity::real:
            if (storage == Storage::real) return {};
            if (strict) return "takes floating point numbers only";
            if (storage == Storage::free_text || storage == Storage::blob) return {};
            return storage == Storage::integer ? "would round whole numbers beyond 2^53"
                                               : "would turn 1.10 into 1.1 and round long numbers";
        default: return storage == Storage::blob ? std::string{} : "takes bytes only";
    }
}

}  // namespace weir::sqlite
