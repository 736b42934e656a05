#include "host/abi/library.hpp"

// std::filesystem, so that Boost.DLL is headers only.
#define BOOST_DLL_USE_STD_FS
#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <boost/dll/shared_library.hpp>

#include "host/abi/elf_lint.hpp"
#include "host/abi/module_check.hpp"
#include "host/abi/seal.hpp"
#include "host/abi/trust.hpp"

namespace weir::host {

/// A mapped library. The loader is told never to unmap it, so the destructor unmaps nothing.
class Library {
public:
    using Entry = weir_module const*(std::uint32_t, std::uint32_t);

    explicit Library(std::filesystem::path const& path)
        : handle_{path, static_cast<boost::dll::load_mode::type>(boost::dll::load_mode::rtld_now |
                                                                 boost::dll::load_mode::rtld_local |
                                                                 RTLD_NODELETE)} {}

    weir_module const* module() const {
        return handle_.get<Entry>("weir_module_entry")(WEIR_ABI_MAJOR, WEIR_ABI_MINOR);
    }

private:
    boost::dll::shared_library handle_;
};

namespace {

Error named(std::filesystem::path const& path, Error const& error) {
    Error out = error;
    out.message = fmt::format("{} {}", path.string(), error.message);
    return out;
}

Error named(std::filesystem::path const& path, LintFault const& fault) {
    return named(path, Error{WEIR_E_CONFIG, fault.code, fault.sentence});
}

Result<TrustedFile> read_linted(std::filesystem::path const& path, PluginsLock const& lock) {
    Result<TrustedFile> file = read_trusted(path);
    if (!file) return file.error();
    if (std::optional<Error> const objection = lock.objection(*file)) return *objection;
    if (std::optional<Error> const broken = check_seal(file->bytes)) return named(path, *broken);
    std::vector<LintFault> const faults = lint_library(file->bytes);
    if (!faults.empty()) return named(path, faults.front());
    return file;
}

Result<std::shared_ptr<Library const>> open_library(std::filesystem::path const& path) {
    try {
        return std::shared_ptr<Library const>{
            std::make_shared<Library>(std::filesystem::absolute(path))};
    } catch (std::exception const& error) {
        return Error{WEIR_E_CONFIG, "plugin.not_loadable",
                     fmt::format("{} cannot be loaded: {}", path.string(), error.what())};
    }
}

/// The first code of the library that runs by name: it may do anything but end the host.
std::optional<Error> enter(Library const& library, weir_module const*& module) {
    try {
        module = library.module();
        return check_module(module);
    } catch (...) {
        return Error{WEIR_E_CONFIG, "plugin.incomplete",
                     "let an exception out of weir_module_entry or iface"};
    }
}

Error quarantined() {
    return Error{WEIR_E_CONFIG, "plugin.quarantined",
                 "took the host down three times, when it was loaded or within ten minutes, and is "
                 "left alone until it is asked for: weir plugin reload"};
}

Error disagrees(std::filesystem::path const& path, std::string_view how) {
    std::filesystem::path manifest = path;
    manifest.replace_extension(".json");
    return Error{WEIR_E_CONFIG, "plugin.manifest",
                 fmt::format("{} {}; run: weir-runner --describe {} --output {}", manifest.string(),
                             how, path.string(), manifest.string())};
}

Generation::Remedies remedies_of(Manifest const& manifest) {
    Generation::Remedies out;
    for (ComponentInfo const& component : manifest.components)
        for (DeclaredError const& each : component.errors) out.emplace(each.code, each.remedy);
    return out;
}

/// Runs `mapped`, the library of `path`, in another process.
Result<LoadedLibrary> contain(std::filesystem::path const& path,
                              std::filesystem::path const& mapped, std::string const& sha256,
                              std::optional<Manifest> const& manifest,
                              Placement const& placement) {
    Result<std::shared_ptr<Contained>> elsewhere =
        placement.contain(mapped, placement.limits, placement.on_loss);
    if (!elsewhere) return elsewhere.error();
    Result<Manifest> found = parse_manifest((*elsewhere)->manifest());
    if (!found) return named(path, found.error());
    if (found->sha256 != sha256)
        return named(path, Error{WEIR_E_CONFIG, "plugin.manifest", "changed while it was loaded"});
    if (manifest)
        if (std::string const how = difference(*manifest, *found); !how.empty())
            return disagrees(path, how);
    auto generation = std::make_shared<Generation>(found->id, found->version, sha256, path,
                                                   nullptr, nullptr, std::move(*elsewhere),
                                                   remedies_of(*found));
    return LoadedLibrary{std::move(generation), std::move(*found)};
}

/// Whether it runs elsewhere, wherever it lies: it loads code of others, so says its meta.
bool asks_for_child(Manifest const& manifest) {
    return std::any_of(manifest.components.begin(), manifest.components.end(),
                       [](ComponentInfo const& info) {
                           return info.meta.value("placement", nlohmann::json{}) == "child";
                       });
}

/// Whether it runs elsewhere; `said`: its manifest, where that is known already.
bool is_contained(std::filesystem::path const& path, std::optional<Manifest> const& manifest,
                  std::string const& said, Placement const& placement) {
    if (!placement.contain) return false;
    Result<Manifest> const seen = manifest ? Result<Manifest>{*manifest} : parse_manifest(said);
    if (!seen) return placement.contains(path, "");
    return asks_for_child(*seen) || placement.contains(path, seen->id);
}

}  // namespace

Result<LoadedLibrary> load_library(std::filesystem::path const& path,
                                   std::optional<Manifest> const& manifest, LibraryRoom* room,
                                   LoadRules const& rules) {
    if (room && room->is_quarantined(path)) return named(path, quarantined());
    Result<TrustedFile> const file = read_linted(path, rules.lock);
    if (!file) return file.error();
    if (manifest && manifest->sha256 != file->sha256)
        return disagrees(path, "describes another build of the library (sha256 differs)");
    std::filesystem::path mapped = path;
    std::string said;
    if (room) {
        Result<std::filesystem::path> copy = room->copy(*file);
        if (!copy) return named(path, copy.error());
        Result<std::string> seen = room->look(*copy);
        if (!seen) return named(path, seen.error());
        said = std::move(*seen);
        mapped = std::move(*copy);
    }
    if (is_contained(path, manifest, said, rules.placement))
        return contain(path, mapped, file->sha256, manifest, rules.placement);
    std::optional<LibraryRoom::Loading> loading;
    if (room) loading.emplace(*room, path);
    Result<std::shared_ptr<Library const>> const library = open_library(mapped);
    if (!library) return library.error();
    weir_module const* module = nullptr;
    if (std::optional<Error> const error = enter(**library, module)) return named(path, *error);
    Result<Manifest> found = describe_module(*module, path.filename().string(), file->sha256);
    if (!found) return named(path, found.error());
    if (manifest)
        if (std::string const how = difference(*manifest, *found); !how.empty())
            return disagrees(path, how);
    auto generation = std::make_shared<Generation>(found->id, found->version, file->sha256, path,
                                                   *library, module, nullptr,
                                                   remedies_of(*found));
    return LoadedLibrary{std::move(generation), std::move(*found)};
}

std::vector<Error> lint_file(std::filesystem::path const& path) {
    Result<TrustedFile> const file = read_trusted(path);
    if (!file) return {file.error()};
    std::vector<Error> out;
    if (std::optional<Error> const broken = check_seal(file->bytes))
        out.push_back(named(path, *broken));
    for (LintFault const& fault : lint_library(file->bytes)) out.push_back(named(path, fault));
    return out;
}

}  // namespace weir::host
