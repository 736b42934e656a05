#pragma once

#include <cstddef>
#include <type_traits>

#include "schema.hpp"

namespace weir {

/// Bytes that grow, on the C heap. Move-only.
class Buffer {
public:
    Buffer() = default;
    Buffer(Buffer&& other) noexcept { swap(other); }
    Buffer& operator=(Buffer&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Buffer() { std::free(data_); }

    std::byte* data() { return data_; }
    std::byte const* data() const { return data_; }
    std::size_t size() const { return size_; }

    /// Room for `more` bytes behind the end; they count once `add` says so.
    std::byte* room(std::size_t more) {
        if (size_ + more > capacity_) grow(size_ + more);
        return data_ + size_;
    }
    void add(std::size_t size) { size_ += size; }
    void append(void const* from, std::size_t size) {
        if (size) std::memcpy(room(size), from, size);
        size_ += size;
    }
    template <class T>
    void push(T value) {
        std::memcpy(room(sizeof value), &value, sizeof value);
        size_ += sizeof value;
    }
    void reserve(std::size_t size) {
        if (size > capacity_) grow(size);
    }

private:
    void swap(Buffer& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
    }
    void grow(std::size_t wanted) {
        std::size_t const doubled = capacity_ + capacity_ / 2 + 64;
        std::size_t const capacity = wanted > doubled ? wanted : doubled;
        void* bigger = std::realloc(data_, capacity);
        if (!bigger) throw std::bad_alloc{};
        data_ = static_cast<std::byte*>(bigger);
        capacity_ = capacity;
    }

    std::byte* data_ = nullptr;
    std::size_t size_ = 0, capacity_ = 0;
};

/// Builds one column. Call the member that fits the field's type, once per row; another throws
/// E_INTERNAL, which names the field.
class Column {
public:
    explicit Column(Field const& field)
        : name_{field.name}, type_{field.type}, width_{width_of(field.type)} {
        if (is_text()) offsets_.push(std::int32_t{0});
    }

    std::string const& name() const { return name_; }
    Type type() const { return type_; }
    std::int64_t rows() const { return rows_; }
    std::size_t bytes() const { return values_.size() + offsets_.size(); }

    void null() {
        if (nulls_ == 0) set_bits(validity_, 0, rows_);
        mark(false);
        ++nulls_;
        if (is_text()) {
            end_text();
        } else if (type_ == Type::boolean) {
            push_bit(values_, rows_, false);
        } else {
            std::memset(values_.room(width_), 0, width_);
            values_.add(width_);
        }
        ++rows_;
    }
    void boolean(bool value) {
        expect(is(Type::boolean), "boolean");
        push_bit(values_, rows_, value);
        present();
    }
    /// int64, time, timestamp, instant, uint64 from zero on, and date, which has 32 bits.
    void integer(std::int64_t value) {
        expect(is(Type::int64, Type::time, Type::timestamp, Type::instant, Type::date,
                  Type::uint64),
               "integer");
        if (type_ == Type::uint64 && value < 0) refuse_value(value);
        if (type_ == Type::date) {
            if (value < INT32_MIN || value > INT32_MAX) refuse_value(value);
            values_.push(static_cast<std::int32_t>(value));
        } else {
            values_.push(value);
        }
        present();
    }
    void unsigned_integer(std::uint64_t value) {
        expect(is(Type::uint64), "unsigned_integer");
        values_.push(value);
        present();
    }
    void float64(double value) {
        expect(is(Type::float64), "float64");
        values_.push(value);
        present();
    }
    void float32(float value) {
        expect(is(Type::float32), "float32");
        values_.push(value);
        present();
    }
    /// utf8, binary, numeric, json, opaque.
    void text(std::string_view value) {
        expect(is_text(), "text");
        values_.append(value.data(), value.size());
        end_text();
        present();
    }
    /// The same, decoded in place: ask for `text_room(most)`, write, then say how much it was.
    char* text_room(std::size_t most) { return reinterpret_cast<char*>(values_.room(most)); }
    void text_done(std::size_t size) {
        expect(is_text(), "text_done");
        values_.add(size);
        end_text();
        present();
    }
    /// uuid in network order, decimal128 in little endian two's complement.
    void bytes16(void const* value) {
        expect(is(Type::uuid, Type::decimal), "bytes16");
        values_.append(value, 16);
        present();
    }

    /// Room for a batch like the last one, so that growing costs nothing.
    void reserve_like(Column const& last) {
        values_.reserve(last.values_.size() + last.values_.size() / 8);
        offsets_.reserve(last.offsets_.size());
    }

    /// Moves the column into `out`, which then owns the memory.
    void finish(ArrowArray* out) {
        auto held = std::make_unique<Column>(std::move(*this));
        *out = ArrowArray{};
        out->length = held->rows_;
        out->null_count = held->nulls_;
        std::int64_t count = 0;
        held->buffers_[count++] = held->nulls_ ? held->validity_.data() : nullptr;
        if (held->is_text()) held->buffers_[count++] = held->offsets_.data();
        held->buffers_[count++] = held->values_.data();
        out->n_buffers = count;
        out->buffers = held->buffers_;
        out->private_data = held.release();
        out->release = [](ArrowArray* array) {
            delete static_cast<Column*>(array->private_data);
            array->release = nullptr;
        };
    }

private:
    static std::size_t width_of(Type type) {
        switch (type) {
            case Type::float32:
            case Type::date: return 4;
            case Type::uuid:
            case Type::decimal: return 16;
            default: return 8;
        }
    }
    template <class... Types>
    bool is(Types... types) const {
        return ((type_ == types) || ...);
    }
    bool is_text() const {
        return is(Type::utf8, Type::binary, Type::numeric, Type::json, Type::opaque);
    }
    void expect(bool fits, char const* member) const {
        if (!fits) [[unlikely]]
            refuse(member);
    }
    [[noreturn, gnu::cold]] void refuse(char const* member) const {
        throw Error{WEIR_E_INTERNAL, "the field \"" + name_ + "\" is of type " + name_of(type_) +
                                         ", which " + member + "() does not write"};
    }
    [[noreturn, gnu::cold]] void refuse_value(std::int64_t value) const {
        throw Error{WEIR_E_DATA,
                    "the field \"" + name_ + "\" is of type " + name_of(type_) +
                        ", which cannot hold " + std::to_string(value),
                    name_};
    }
    void present() {
        if (nulls_ != 0) mark(true);
        ++rows_;
    }
    void end_text() {
        if (values_.size() > INT32_MAX)
            throw Error{WEIR_E_DATA, "more than 2 GiB of text in one column of a batch"};
        offsets_.push(static_cast<std::int32_t>(values_.size()));
    }
    void mark(bool valid) { push_bit(validity_, rows_, valid); }
    static void push_bit(Buffer& bits, std::int64_t at, bool value) {
        if (at % 8 == 0) bits.push(std::uint8_t{0});
        if (value) bits.data()[at / 8] |= static_cast<std::byte>(1u << (at % 8));
    }
    static void set_bits(Buffer& bits, std::int64_t from, std::int64_t to) {
        for (std::int64_t i = from; i < to; ++i) push_bit(bits, i, true);
    }

    std::string name_;
    Type type_;
    std::size_t width_;
    std::int64_t rows_ = 0, nulls_ = 0;
    Buffer values_, offsets_, validity_;
    void const* buffers_[3] = {};
};

/// Builds one batch of a schema and the cursor after it.
class Batch {
public:
    explicit Batch(Schema schema) {
        reset(std::move(schema));
        was_reset_ = false;
    }

    std::int64_t rows() const { return columns_.empty() ? 0 : columns_.back().rows(); }
    std::size_t bytes() const {
        std::size_t sum = 0;
        for (Column const& column : columns_) sum += column.bytes();
        return sum;
    }
    /// Whether one of the limits of a read is reached; never before the first row.
    bool full(std::int64_t rows_max, std::size_t bytes_max) const {
        return rows() > 0 && (rows() >= rows_max || bytes() >= bytes_max);
    }
    Schema const& schema() const { return schema_; }
    Column& column(std::size_t index) {
        if (index >= columns_.size()) [[unlikely]]
            refuse_count(index + 1);
        return columns_[index];
    }

    /// Appends one value per field, in order.
    template <class... Values>
    void row(Values const&... values) {
        if (sizeof...(values) != columns_.size()) [[unlikely]]
            refuse_count(sizeof...(values));
        std::size_t index = 0;
        (put(columns_[index++], values), ...);
    }

    /// Appends one value: bool, integers, floats, text, nullptr.
    template <class Value>
    static void put(Column& column, Value const& value) {
        if constexpr (std::is_same_v<Value, bool>)
            column.boolean(value);
        else if constexpr (std::is_same_v<Value, std::nullptr_t>)
            column.null();
        else if constexpr (std::is_same_v<Value, float>)
            column.type() == Type::float64 ? column.float64(value) : column.float32(value);
        else if constexpr (std::is_floating_point_v<Value>)
            column.float64(value);
        else if constexpr (std::is_same_v<Value, std::uint64_t>)
            column.type() == Type::uint64 ? column.unsigned_integer(value)
                                          : column.integer(static_cast<std::int64_t>(value));
        else if constexpr (std::is_integral_v<Value>)
            column.integer(static_cast<std::int64_t>(value));
        else
            column.text(std::string_view{value});
    }

    /// Go on after this once the batch is committed. JSON made by the connector.
    void cursor(std::string value) {
        cursor_ = std::move(value);
        has_cursor_ = true;
    }
    void clear_cursor() {
        cursor_.clear();
        has_cursor_ = false;
    }
    bool has_cursor() const { return has_cursor_; }
    std::string const& cursor() const { return cursor_; }

    /// Begins anew with another schema; the rows so far are dropped.
    void reset(Schema schema) {
        schema_ = std::move(schema);
        columns_.clear();
        columns_.reserve(schema_.size());
        for (Field const& field : schema_) columns_.emplace_back(field);
        clear_cursor();
        was_reset_ = true;
    }
    /// Whether reset() was called since the last time it was asked.
    bool take_reset() { return std::exchange(was_reset_, false); }

    /// Moves the rows into `out`, which then owns their memory; the batch is empty afterwards.
    /// Throws E_INTERNAL when a field has more values than another.
    void finish(ArrowArray* out) {
        for (Column const& column : columns_)
            if (column.rows() != rows()) refuse_length(column);
        auto held = std::make_unique<Struct>();
        held->children.resize(columns_.size());
        std::int64_t const length = rows();
        std::vector<Column> next;
        next.reserve(columns_.size());
        for (std::size_t i = 0; i < columns_.size(); ++i) {
            next.emplace_back(schema_[i]);
            next.back().reserve_like(columns_[i]);
            columns_[i].finish(&held->children[i]);
            held->pointers.push_back(&held->children[i]);
        }
        columns_ = std::move(next);
        *out = ArrowArray{};
        out->length = length;
        out->n_buffers = 1;
        out->n_children = static_cast<std::int64_t>(held->pointers.size());
        out->buffers = held->buffers;
        out->children = held->pointers.data();
        out->release = release;
        out->private_data = held.release();
    }

private:
    [[noreturn, gnu::cold]] void refuse_count(std::size_t count) const {
        throw Error{WEIR_E_INTERNAL, "a batch of " + std::to_string(columns_.size()) +
                                         " fields is given " + std::to_string(count)};
    }
    [[noreturn, gnu::cold]] void refuse_length(Column const& column) const {
        throw Error{WEIR_E_INTERNAL, "the field \"" + column.name() + "\" has " +
                                         std::to_string(column.rows()) + " values where \"" +
                                         columns_.back().name() + "\" has " +
                                         std::to_string(rows())};
    }
    struct Struct {
        std::vector<ArrowArray> children;
        std::vector<ArrowArray*> pointers;
        void const* buffers[1] = {};
    };
    static void release(ArrowArray* array) noexcept {
        auto* held = static_cast<Struct*>(array->private_data);
        for (ArrowArray& child : held->children)
            if (child.release) child.release(&child);
        array->release = nullptr;
        delete held;
    }
    Schema schema_;
    std::vector<Column> columns_;
    std::string cursor_;
    bool has_cursor_ = false, was_reset_ = false;
};

}  // namespace weir
