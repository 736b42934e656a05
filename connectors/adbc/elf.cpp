#include "elf.hpp"

#include <elf.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>

namespace weir::adbc {
namespace {

#if defined(__x86_64__)
constexpr int here = EM_X86_64;
#elif defined(__aarch64__)
constexpr int here = EM_AARCH64;
#else
#error "which machine the drivers are for"
#endif

std::string machine(int number) {
    switch (number) {
        case EM_X86_64: return "x86-64";
        case EM_AARCH64: return "ARM64";
        case EM_386: return "x86 (32 bit)";
        case EM_ARM: return "ARM (32 bit)";
        case EM_RISCV: return "RISC-V";
        case EM_PPC64: return "POWER";
        case EM_S390: return "S/390";
        default: return "machine " + std::to_string(number);
    }
}

template <class T>
bool read(std::istream& from, T& into) {
    return bool{from.read(reinterpret_cast<char*>(&into), sizeof into)};
}

}  // namespace

std::string no_library(std::string const& path) {
    std::error_code unknown;
    std::uint64_t const size = std::filesystem::file_size(path, unknown);
    std::ifstream file{path, std::ios::binary};
    Elf64_Ehdr header{};
    if (unknown || !file) return "cannot be read";
    if (!read(file, header) || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
        return "is no ELF library: a driver for Linux is a file such as libduckdb.so";
    bool const is_ours = header.e_machine == here && header.e_ident[EI_CLASS] == ELFCLASS64 &&
                         header.e_ident[EI_DATA] == ELFDATA2LSB;
    if (!is_ours)
        return "is for " + machine(header.e_machine) + ", and this is " + machine(here) +
               ": get the build for this machine";
    if (header.e_type != ET_DYN) return "is no shared library";
    file.seekg(static_cast<std::streamoff>(header.e_phoff));
    std::uint64_t whole = header.e_phoff;
    for (int i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment{};
        if (!read(file, segment)) return "is cut off within its first bytes: get it again";
        std::uint64_t end = 0;
        if (segment.p_type != PT_LOAD) continue;
        if (__builtin_add_overflow(segment.p_offset, segment.p_filesz, &end))
            return "has a segment beyond any file: get it again";
        whole = std::max(whole, end);
    }
    if (whole > size)
        return "is cut off: it has " + std::to_string(size) + " of at least " +
               std::to_string(whole) + " bytes: get it again";
    return {};
}

}  // namespace weir::adbc
