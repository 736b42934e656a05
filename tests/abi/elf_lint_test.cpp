#include "host/abi/elf_lint.hpp"

#include <elf.h>

#include <cstring>
#include <random>

#include "abi/fixture.hpp"

namespace weir::host {
namespace {

std::string built(std::string const& name) {
    return Folder::read(std::filesystem::path{ABI_PLUGINS} / (name + ".so"));
}

std::string codes(std::string const& bytes) {
    std::string out;
    for (LintFault const& fault : lint_library(std::as_bytes(std::span{bytes})))
        out += fault.code + " ";
    return out;
}

std::string sentences(std::string const& bytes) {
    std::string out;
    for (LintFault const& fault : lint_library(std::as_bytes(std::span{bytes})))
        out += fault.sentence + "; ";
    return out;
}

/// Changes an entry of the dynamic section, found by its tag.
template <class Change>
std::string with_dynamic(std::string bytes, std::int64_t tag, Change change) {
    Elf64_Ehdr header;
    std::memcpy(&header, bytes.data(), sizeof header);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        std::memcpy(&segment, bytes.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_DYNAMIC) continue;
        for (std::size_t at = segment.p_offset; at < segment.p_offset + segment.p_filesz;
             at += sizeof(Elf64_Dyn)) {
            Elf64_Dyn entry;
            std::memcpy(&entry, bytes.data() + at, sizeof entry);
            if (entry.d_tag != tag) continue;
            change(entry);
            std::memcpy(bytes.data() + at, &entry, sizeof entry);
            return bytes;
        }
    }
    ADD_FAILURE() << "no dynamic entry " << tag;
    return bytes;
}

TEST(ElfLint, FindsNothingInWhatTheBuildMakes) {
    EXPECT_EQ(codes(built("abi_plain")), "");
    EXPECT_EQ(codes(built("abi_odd")), "");
}

TEST(ElfLint, NamesEveryOtherExport) {
    EXPECT_NE(sentences(built("extra_export")).find("exports also_exported"), std::string::npos);
    EXPECT_NE(codes(built("extra_export")).find("plugin.exports"), std::string::npos);
}

TEST(ElfLint, RefusesUniqueSymbols) {
    EXPECT_NE(codes(built("unique")).find("plugin.unique_symbols"), std::string::npos);
}

TEST(ElfLint, WantsImmediateBindingAndRelro) {
    EXPECT_EQ(codes(built("lazy")), "plugin.bind_now ");
    EXPECT_EQ(codes(built("no_relro")), "plugin.relro ");
}

TEST(ElfLint, AllowsOnlyOriginInPaths) {
    EXPECT_EQ(codes(built("foreign_path")), "plugin.rpath ");
    EXPECT_NE(sentences(built("foreign_path")).find("\"/nowhere/lib\""), std::string::npos);
}

TEST(ElfLint, RefusesTextRelocationsAndStaticTls) {
    auto flag = [](std::uint64_t bit) {
        return [bit](Elf64_Dyn& entry) { entry.d_un.d_val |= bit; };
    };
    std::string const good = built("abi_plain");
    EXPECT_EQ(codes(with_dynamic(good, DT_FLAGS, flag(DF_TEXTREL))), "plugin.textrel ");
    EXPECT_EQ(codes(with_dynamic(good, DT_FLAGS, flag(DF_STATIC_TLS))), "plugin.static_tls ");
}

TEST(ElfLint, RefusesOtherMachinesClassesAndKinds) {
    std::string bytes = built("abi_plain");
    auto changed = [&](std::size_t at, char value) {
        std::string copy = bytes;
        copy[at] = value;
        return codes(copy);
    };
    EXPECT_EQ(changed(offsetof(Elf64_Ehdr, e_machine), EM_ARM), "plugin.machine ");
    EXPECT_EQ(changed(EI_CLASS, ELFCLASS32), "plugin.not_elf ");
    EXPECT_EQ(changed(EI_DATA, ELFDATA2MSB), "plugin.not_elf ");
    EXPECT_EQ(changed(offsetof(Elf64_Ehdr, e_type), ET_EXEC), "plugin.not_elf ");
    EXPECT_EQ(codes("#!/bin/sh\nexit 0\n"), "plugin.not_elf ");
    EXPECT_EQ(codes(""), "plugin.not_elf ");
}

TEST(ElfLint, RefusesEveryTruncation) {
    std::string const whole = built("abi_plain");
    // What follows the last segment are sections, which the loader does not read.
    std::size_t end = 0;
    Elf64_Ehdr header;
    std::memcpy(&header, whole.data(), sizeof header);
    for (unsigned i = 0; i < header.e_phnum; ++i) {
        Elf64_Phdr segment;
        std::memcpy(&segment, whole.data() + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_LOAD)
            end = std::max<std::size_t>(end, segment.p_offset + segment.p_filesz);
    }
    for (std::size_t size = 0; size < end; size += 97)
        EXPECT_NE(codes(whole.substr(0, size)), "") << size;
}

TEST(ElfLint, SurvivesRandomDamage) {
    char const* given = std::getenv("WEIR_TEST_SEED");
    unsigned const seed = given ? static_cast<unsigned>(std::atoi(given)) : std::random_device{}();
    SCOPED_TRACE("WEIR_TEST_SEED=" + std::to_string(seed));
    std::mt19937 random{seed};
    std::string const whole = built("abi_plain");
    auto below = [&](std::size_t limit) { return random() % limit; };
    std::size_t found = 0;
    for (int round = 0; round < 20'000; ++round) {
        std::string bytes = whole;
        // Most of it near the front, where the headers and tables are.
        std::size_t const reach = round % 4 == 0 ? bytes.size() : 4096;
        for (std::size_t i = 0, count = 1 + below(12); i < count; ++i)
            bytes[below(std::min(reach, bytes.size()))] = static_cast<char>(random());
        if (round % 5 == 0) bytes.resize(below(bytes.size()));
        found += codes(bytes).empty() ? 0 : 1;
    }
    EXPECT_GT(found, 0u);
}

TEST(ElfLint, SurvivesDamagedDynamicEntries) {
    std::string const whole = built("abi_plain");
    std::uint64_t const values[] = {
        0, 1, 0x7fffffff, ~std::uint64_t{0}, whole.size(), whole.size() - 1, ~std::uint64_t{0} - 7};
    for (std::int64_t tag : {DT_STRTAB, DT_STRSZ, DT_SYMTAB, DT_GNU_HASH})
        for (std::uint64_t value : values)
            EXPECT_NE(codes(with_dynamic(whole, tag,
                                         [&](Elf64_Dyn& entry) { entry.d_un.d_val = value; })),
                      "")
                << tag << " " << value;
}

}  // namespace
}  // namespace weir::host
