#include "host/abi/elf_image.hpp"

#include <algorithm>
#include <cstring>

namespace weir::host {

template <class T>
bool ElfImage::load(std::size_t at, T& into) const {
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T)) return false;
    std::memcpy(&into, bytes_.data() + at, sizeof(T));
    return true;
}

std::optional<ElfImage> ElfImage::read(std::span<std::byte const> bytes, std::string& why) {
    ElfImage image;
    image.bytes_ = bytes;
    Elf64_Ehdr& header = image.header_;
    if (!image.load(0, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) {
        why = "is no ELF file";
        return std::nullopt;
    }
    if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
        why = "is not for a 64-bit little-endian machine";
        return std::nullopt;
    }
    if (header.e_phentsize != sizeof(Elf64_Phdr) || header.e_phnum == 0) {
        why = "has no program headers";
        return std::nullopt;
    }
    Elf64_Phdr const* dynamic = nullptr;
    image.segments_.resize(header.e_phnum);
    for (std::size_t i = 0; i < image.segments_.size(); ++i) {
        Elf64_Phdr& segment = image.segments_[i];
        if (header.e_phoff > bytes.size() ||
            !image.load(header.e_phoff + i * sizeof segment, segment)) {
            why = "is cut off within its program headers";
            return std::nullopt;
        }
        bool const is_mapped = segment.p_type == PT_LOAD || segment.p_type == PT_DYNAMIC;
        if (is_mapped && (segment.p_offset > bytes.size() ||
                          bytes.size() - segment.p_offset < segment.p_filesz)) {
            why = "is cut off: a segment ends beyond the file";
            return std::nullopt;
        }
        if (segment.p_type == PT_DYNAMIC) dynamic = &segment;
    }
    if (!dynamic) return image;
    std::size_t const count = dynamic->p_filesz / sizeof(Elf64_Dyn);
    for (std::size_t i = 0; i < count; ++i) {
        Elf64_Dyn entry;
        if (!image.load(dynamic->p_offset + i * sizeof entry, entry)) break;
        if (entry.d_tag == DT_NULL) break;
        image.dynamic_.push_back(entry);
    }
    return image;
}

std::optional<std::uint64_t> ElfImage::dynamic_value(std::int64_t tag) const {
    for (Elf64_Dyn const& entry : dynamic_)
        if (entry.d_tag == tag) return entry.d_un.d_val;
    return std::nullopt;
}

std::optional<std::size_t> ElfImage::file_offset(std::uint64_t address) const {
    for (Elf64_Phdr const& segment : segments_) {
        if (segment.p_type != PT_LOAD || address < segment.p_vaddr) continue;
        std::uint64_t const within = address - segment.p_vaddr;
        // read() has seen that p_offset + p_filesz lies within the file.
        if (within < segment.p_filesz) return segment.p_offset + within;
    }
    return std::nullopt;
}

bool ElfImage::has_strings() const {
    std::optional<std::uint64_t> const address = dynamic_value(DT_STRTAB);
    std::optional<std::uint64_t> const size = dynamic_value(DT_STRSZ);
    if (!address || !size) return false;
    std::optional<std::size_t> const at = file_offset(*address);
    return at && *size <= bytes_.size() - *at;
}

std::optional<std::string_view> ElfImage::string(std::uint64_t offset) const {
    std::optional<std::uint64_t> const address = dynamic_value(DT_STRTAB);
    std::optional<std::uint64_t> const size = dynamic_value(DT_STRSZ);
    if (!address || !size || offset >= *size) return std::nullopt;
    std::optional<std::size_t> const at = file_offset(*address);
    if (!at || offset >= bytes_.size() - *at) return std::nullopt;
    std::size_t const start = *at + offset;
    std::size_t const room = std::min<std::size_t>(*size - offset, bytes_.size() - start);
    auto const* text = reinterpret_cast<char const*>(bytes_.data() + start);
    void const* end = std::memchr(text, '\0', room);
    if (!end) return std::nullopt;
    return std::string_view{text, static_cast<std::size_t>(static_cast<char const*>(end) - text)};
}

// A file says nowhere how many dynamic symbols it has; the loader needs no number. DT_HASH has one
// entry per symbol in its chains; DT_GNU_HASH ends each chain with an odd hash.
std::optional<std::uint64_t> ElfImage::symbol_count() const {
    if (std::optional<std::uint64_t> const table = dynamic_value(DT_GNU_HASH)) {
        std::optional<std::size_t> const at = file_offset(*table);
        return at ? gnu_hash_count(*at) : std::nullopt;
    }
    if (std::optional<std::uint64_t> const table = dynamic_value(DT_HASH)) {
        std::optional<std::size_t> const at = file_offset(*table);
        std::uint32_t chains = 0;
        if (!at || !load(*at + sizeof chains, chains)) return std::nullopt;
        return chains;
    }
    return std::nullopt;
}

std::optional<std::uint64_t> ElfImage::gnu_hash_count(std::size_t at) const {
    struct Header {
        std::uint32_t buckets, first, bloom_words, bloom_shift;
    } header{};
    if (!load(at, header)) return std::nullopt;
    std::uint64_t const buckets_at = at + sizeof header + std::uint64_t{header.bloom_words} * 8;
    std::uint64_t const chains_at = buckets_at + std::uint64_t{header.buckets} * 4;
    std::uint32_t last = 0;
    for (std::uint64_t i = 0; i < header.buckets; ++i) {
        std::uint32_t bucket = 0;
        if (!load(buckets_at + i * 4, bucket)) return std::nullopt;
        last = std::max(last, bucket);
    }
    if (last < header.first) return header.first;
    for (std::uint64_t symbol = last;; ++symbol) {
        std::uint32_t hash = 0;
        if (!load(chains_at + (symbol - header.first) * 4, hash)) return std::nullopt;
        if (hash & 1) return symbol + 1;
    }
}

std::optional<std::vector<Elf64_Sym>> ElfImage::symbols() const {
    std::optional<std::uint64_t> const table = dynamic_value(DT_SYMTAB);
    std::optional<std::uint64_t> const count = symbol_count();
    if (!table || !count) return std::nullopt;
    std::optional<std::size_t> const at = file_offset(*table);
    if (!at || *count > (bytes_.size() - *at) / sizeof(Elf64_Sym)) return std::nullopt;
    std::vector<Elf64_Sym> out;
    for (std::uint64_t i = 1; i < *count; ++i) {
        Elf64_Sym symbol;
        if (!load(*at + i * sizeof symbol, symbol)) return std::nullopt;
        out.push_back(symbol);
    }
    return out;
}

}  // namespace weir::host
