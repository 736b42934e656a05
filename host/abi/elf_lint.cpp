#include "host/abi/elf_lint.hpp"

#include <fmt/format.h>

#include "host/abi/elf_image.hpp"

namespace weir::host {

namespace {

constexpr std::string_view entry_name = "weir_module_entry";

class Lint {
public:
    explicit Lint(ElfImage const& image) : image_{image} {}

    std::vector<LintFault> run() && {
        check_header();
        if (image_.dynamic().empty()) {
            add("damaged", "has no dynamic section");
            return std::move(findings_);
        }
        check_symbols();
        check_flags();
        check_paths();
        return std::move(findings_);
    }

private:
    void add(char const* check, std::string sentence) {
        findings_.push_back({fmt::format("plugin.{}", check), std::move(sentence)});
    }

    void check_header() {
        Elf64_Ehdr const& header = image_.header();
        if (header.e_type != ET_DYN) add("not_elf", "is no shared library");
#if defined(__x86_64__)
        constexpr int machine = EM_X86_64;
#elif defined(__aarch64__)
        constexpr int machine = EM_AARCH64;
#endif
        if (header.e_machine != machine)
            add("machine",
                fmt::format("is built for another processor (ELF machine {})", header.e_machine));
    }

    void check_symbols() {
        std::optional<std::vector<Elf64_Sym>> const symbols = image_.symbols();
        if (!symbols) return add("damaged", "has a symbol table that lies outside the file");
        if (!image_.has_strings())
            return add("damaged", "has a string table that lies outside the file");
        bool has_entry = false;
        std::string exported, unique;
        for (Elf64_Sym const& symbol : *symbols) {
            unsigned const binding = ELF64_ST_BIND(symbol.st_info);
            if (symbol.st_shndx == SHN_UNDEF || binding == STB_LOCAL) continue;
            std::string const name{image_.string(symbol.st_name).value_or("(no name)")};
            if (binding == STB_GNU_UNIQUE) note(unique, name);
            if (name == entry_name && ELF64_ST_TYPE(symbol.st_info) == STT_FUNC)
                has_entry = true;
            else
                note(exported, name);
        }
        if (!has_entry) add("exports", "does not export weir_module_entry");
        if (!exported.empty())
            add("exports", fmt::format("exports {}; weir_module_entry must be the only symbol, "
                                       "which weir_add_plugin() sees to",
                                       exported));
        if (!unique.empty())
            add("unique_symbols",
                fmt::format("has unique symbols ({}); build it with -fno-gnu-unique", unique));
    }

    /// Names the first three of many.
    static void note(std::string& list, std::string const& name) {
        constexpr std::size_t named_chars_max = 200;
        if (list.size() > named_chars_max) {
            if (!list.ends_with(", …")) list += ", …";
            return;
        }
        if (!list.empty()) list += ", ";
        list += name.substr(0, named_chars_max);
    }

    void check_flags() {
        std::uint64_t const flags = image_.dynamic_value(DT_FLAGS).value_or(0);
        std::uint64_t const flags_1 = image_.dynamic_value(DT_FLAGS_1).value_or(0);
        if (image_.dynamic_value(DT_TEXTREL) || (flags & DF_TEXTREL))
            add("textrel", "relocates its code (TEXTREL); build it with -fPIC");
        if ((flags & DF_STATIC_TLS) && !has_small_tls())
            add("static_tls", "uses static TLS; build it without -ftls-model=initial-exec");
        bool const binds_now =
            image_.dynamic_value(DT_BIND_NOW) || (flags & DF_BIND_NOW) || (flags_1 & DF_1_NOW);
        if (!binds_now) add("bind_now", "binds lazily; link it with -Wl,-z,now");
        bool has_relro = false;
        for (Elf64_Phdr const& segment : image_.segments())
            has_relro = has_relro || segment.p_type == PT_GNU_RELRO;
        if (!has_relro) add("relro", "has no RELRO segment; link it with -Wl,-z,relro");
    }

    /// The loader has little room for static TLS, and none is ever given back. A few words are what
    /// Go's runtime wants, which cannot be built without.
    bool has_small_tls() const {
        constexpr std::uint64_t bytes_max = 64;
        for (Elf64_Phdr const& segment : image_.segments())
            if (segment.p_type == PT_TLS) return segment.p_memsz <= bytes_max;
        return false;
    }

    void check_paths() {
        for (Elf64_Dyn const& entry : image_.dynamic()) {
            if (entry.d_tag != DT_RPATH && entry.d_tag != DT_RUNPATH) continue;
            std::optional<std::string_view> const list = image_.string(entry.d_un.d_val);
            if (!list) {
                add("damaged", "has a library path that lies outside the file");
                continue;
            }
            check_path_list(*list);
        }
    }

    void check_path_list(std::string_view list) {
        while (true) {
            std::size_t const colon = list.find(':');
            std::string_view const path = list.substr(0, colon);
            bool const is_below = path == "$ORIGIN" || path.starts_with("$ORIGIN/") ||
                                  path == "${ORIGIN}" || path.starts_with("${ORIGIN}/");
            if (!is_below)
                add("rpath", fmt::format("looks for libraries in \"{}\"; RPATH and RUNPATH may "
                                         "only name $ORIGIN",
                                         path.substr(0, 200)));
            if (colon == std::string_view::npos) return;
            list.remove_prefix(colon + 1);
        }
    }

    ElfImage const& image_;
    std::vector<LintFault> findings_;
};

}  // namespace

std::vector<LintFault> lint_library(std::span<std::byte const> bytes) {
    std::string why;
    std::optional<ElfImage> const image = ElfImage::read(bytes, why);
    if (!image) {
        bool const is_foreign = why.starts_with("is no") || why.starts_with("is not");
        return {{is_foreign ? "plugin.not_elf" : "plugin.damaged", why}};
    }
    return Lint{*image}.run();
}

}  // namespace weir::host
