#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source.hpp"

namespace weir {

/// `text` against `pattern`, of which `*` and `?` are wild. Patterns beyond 64 bytes match nothing.
inline bool matches(std::string_view pattern, std::string_view text) {
    if (pattern.size() > 64) return false;
    if (pattern.empty()) return text.empty();
    if (pattern[0] == '*')
        return matches(pattern.substr(1), text) ||
               (!text.empty() && matches(pattern, text.substr(1)));
    return !text.empty() && (pattern[0] == '?' || pattern[0] == text[0]) &&
           matches(pattern.substr(1), text.substr(1));
}

/// Which fields a read asks for, of all that the stream has, in which order. A value.
class ChosenFields {
public:
    ChosenFields(Schema const& all, std::vector<std::size_t> indexes)
        : indexes_{std::move(indexes)} {
        for (std::size_t const index : indexes_) schema_.push_back(all[index]);
    }
    Schema const& schema() const { return schema_; }
    /// Where the field of each column stands in the stream's schema.
    std::vector<std::size_t> const& indexes() const { return indexes_; }
    /// Appends a record of which all fields are given, in the stream's order.
    template <class... Values>
    void row(Batch& batch, Values const&... values) const {
        for (std::size_t at = 0; at < indexes_.size(); ++at) {
            std::size_t index = 0;
            ((index++ == indexes_[at] ? Batch::put(batch.column(at), values) : void()), ...);
        }
    }

private:
    std::vector<std::size_t> indexes_;
    Schema schema_;
};

/// What a source with one stream says of it, and how it refuses what that stream is not. The
/// records have a number that only grows: their key, what a delta goes by, and the cursor.
// cursor := {"at": n}: go on with what comes after n.
class OneStream {
public:
    /// `who` opens every sentence: "acme". `counter` is an int64 field of `schema`.
    OneStream(std::string who, std::string name, Schema schema, std::string counter)
        : who_{std::move(who)},
          name_{std::move(name)},
          schema_{std::move(schema)},
          counter_{std::move(counter)} {}

    /// `type_of(field)`: its type in the source's own words.
    template <class TypeOf>
    Stream described(TypeOf&& type_of) const {
        Stream stream{name_, schema_, Json::object(), WEIR_READ_FULL | WEIR_READ_DELTA};
        stream.meta = {
            {"target", name_},
            {"keys", Json::array({Json::array({counter_})})},
            {"tracking", {{{"field", counter_}, {"type", "int64"}, {"notes", {"only grows"}}}}},
            {"cursors", {{counter_, {{"kind", "id"}, {"updates", false}, {"indexed", true}}}}},
            {"fields", Json::array()},
            {"caveats", Json::array()}};
        for (Field const& field : schema_)
            stream.meta["fields"].push_back({{"name", field.name},
                                             {"type", type_of(field)},
                                             {"nullable", field.nullable}});
        return stream;
    }
    void discover(std::string_view pattern, Catalog& catalog) const {
        auto const type_of = [](Field const& field) { return field.source_type; };
        if (pattern.empty() || matches(pattern, name_)) catalog.add(described(type_of));
    }

    /// Throws when `read` means another stream, a field that it has not, or another cursor.
    ChosenFields choose(Read const& read) const {
        if (!read.stream.empty() && read.stream != name_)
            throw Error{WEIR_E_NOT_FOUND, who_ + ": there is no stream \"" +
                                              std::string{read.stream} + "\"; it has " + name_}
                .coded("source.stream_not_found");
        if (!read.tracking.empty() && read.tracking != counter_) {
            place_of(read.tracking);
            throw Error{WEIR_E_CONFIG,
                        who_ + ": \"" + read.tracking + "\" cannot be the cursor; use " + counter_,
                        read.tracking}
                .coded("source.cursor_unsuitable");
        }
        std::vector<std::size_t> indexes;
        if (read.fields)
            for (std::string const& name : *read.fields) indexes.push_back(place_of(name));
        else
            for (std::size_t i = 0; i < schema_.size(); ++i) indexes.push_back(i);
        return {schema_, std::move(indexes)};
    }

    /// The n of the cursor of `read`; 0 without one.
    std::int64_t position(Read const& read) const {
        if (read.cursor.empty()) return 0;
        Json const json = Json::parse(read.cursor, nullptr, false);
        if (!json.is_object() || !json.contains("at") || !json["at"].is_number_integer() ||
            json["at"].get<std::int64_t>() < 0)
            throw Error{WEIR_E_CONFLICT, who_ + ": the stored position is of something else"}
                .coded("source.cursor_mismatch");
        return json["at"].get<std::int64_t>();
    }
    static std::string cursor(std::int64_t at) { return R"({"at":)" + std::to_string(at) + "}"; }
    /// Whether the end of `read` leaves its cursor behind, for the next delta to go on from.
    static bool leaves_cursor(Read const& read) {
        return read.mode == WEIR_READ_DELTA || !read.tracking.empty();
    }

private:
    std::size_t place_of(std::string const& name) const {
        auto const at = std::find_if(schema_.begin(), schema_.end(),
                                     [&](Field const& field) { return field.name == name; });
        if (at == schema_.end())
            throw Error{WEIR_E_NOT_FOUND, who_ + ": there is no field \"" + name + "\"", name}
                .coded("source.field_not_found");
        return static_cast<std::size_t>(at - schema_.begin());
    }

    std::string who_, name_;
    Schema schema_;
    std::string counter_;
};

/// Reads that stream in the order of its number: fields, limits and cursors are done here, and what
/// is left is the next record.
class OneStreamReader : public Reader {
public:
    Schema schema() const override { return fields_.schema(); }
    bool next(Call const& call, Batch& batch) override {
        call.check();
        while (left_ > 0 && !batch.full(rows_max_, bytes_max_) && record(batch)) --left_;
        if (batch.rows() > 0 || leaves_cursor_) batch.cursor(OneStream::cursor(at_));
        return batch.rows() > 0;
    }

protected:
    OneStreamReader(OneStream const& stream, Read const& read)
        : fields_{stream.choose(read)}, at_{stream.position(read)}, left_{read.limit},
          rows_max_{read.rows_max}, bytes_max_{read.bytes_max},
          leaves_cursor_{OneStream::leaves_cursor(read)} {}

    /// Puts the next record into `batch` by row(); false: there is none (any more).
    virtual bool record(Batch& batch) = 0;
    /// A record whose number is `at`, and all of its fields in the stream's order.
    template <class... Values>
    void row(Batch& batch, std::int64_t at, Values const&... values) {
        fields_.row(batch, values...);
        at_ = at;
    }
    /// The number of the last record that was read, in this read or before it; 0 at the beginning.
    std::int64_t at() const { return at_; }

private:
    ChosenFields fields_;
    std::int64_t at_, left_, rows_max_;
    std::size_t bytes_max_;
    bool leaves_cursor_;
};

}  // namespace weir
