#pragma once

#include <elf.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::host {

/// A bounds-checked view on the bytes of an ELF64 file: nothing it is asked reads beyond them,
/// whatever the numbers in the file say. Borrows the bytes.
class ElfImage {
public:
    /// Nothing, and the sentence in `why`, when the bytes are no ELF64 little-endian file with
    /// whole program headers.
    static std::optional<ElfImage> read(std::span<std::byte const> bytes, std::string& why);

    Elf64_Ehdr const& header() const { return header_; }
    std::vector<Elf64_Phdr> const& segments() const { return segments_; }
    /// Up to DT_NULL; empty when there is no dynamic segment within the file.
    std::vector<Elf64_Dyn> const& dynamic() const { return dynamic_; }
    std::optional<std::uint64_t> dynamic_value(std::int64_t tag) const;
    /// Whether the dynamic string table lies within the file.
    bool has_strings() const;
    /// From the dynamic string table.
    std::optional<std::string_view> string(std::uint64_t offset) const;
    /// The dynamic symbols but the first; nothing when they do not lie within the file.
    std::optional<std::vector<Elf64_Sym>> symbols() const;

private:
    std::optional<std::size_t> file_offset(std::uint64_t address) const;
    std::optional<std::uint64_t> symbol_count() const;
    std::optional<std::uint64_t> gnu_hash_count(std::size_t at) const;
    template <class T>
    bool load(std::size_t at, T& into) const;

    std::span<std::byte const> bytes_;
    Elf64_Ehdr header_{};
    std::vector<Elf64_Phdr> segments_;
    std::vector<Elf64_Dyn> dynamic_;
};

}  // namespace weir::host
