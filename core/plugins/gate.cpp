#include "core/plugins/gate.hpp"

#include <algorithm>
#include <cstring>

#include <fmt/format.h>
#include <boost/dll/library_info.hpp>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

// The host's side of the link-level gate: a plugin built for another interface version refers to
// another symbol.
extern "C" {
extern __attribute__((visibility("default"), used))
const char CDCTL_INTERFACE_SYMBOL(CDCTL_INTERFACE) = CDCTL_INTERFACE;
}

namespace cdctl::plugins::gate {

namespace fs = std::filesystem;

Result<> check_manifest(const fs::path& manifest, std::int64_t interface_version) {
  if (interface_version == CDCTL_INTERFACE) return {};
  return fail(
      ExitCode::config,
      fmt::format("{}: made for interface version {}, this cdctl has {}; rebuild the plugin",
                  manifest.string(), interface_version, CDCTL_INTERFACE));
}

Result<> check_file(const fs::path& library) {
  CDCTL_TRY(only_ours_to_write(library));
  if (auto regular = open_regular_file(library); !regular)
    return fail(ExitCode::config, std::move(regular.error().what));
  try {
    const auto symbols = boost::dll::library_info(library, true).symbols();
    if (std::ranges::find(symbols, "cdctl_plugin") != symbols.end()) return {};
    return fail(ExitCode::config,
                library.string() + " exports no cdctl_plugin: it is no cdctl plugin");
  } catch (const std::exception&) {
    return fail(ExitCode::config, library.string() +
                                      " is no complete shared library (truncated or of another "
                                      "machine)");
  }
}

Result<const plugin::Descriptor*> open(const fs::path& library) {
  CDCTL_TRY_ASSIGN(const auto module, Module::open(library, Module::Binding::at_open));
  const auto* const tag = static_cast<const char*>(module.find("cdctl_plugin_build"));
  if (!tag || std::strcmp(tag, CDCTL_BUILD_TAG) != 0)
    return fail(
        ExitCode::config,
        fmt::format("{}: the build is {}, this cdctl needs {}; rebuild the plugin",
                    library.string(), tag ? printable(tag, 100) : "not told", CDCTL_BUILD_TAG));
  const auto* const found = static_cast<const plugin::Descriptor*>(module.find("cdctl_plugin"));
  if (found) return found;
  return fail(ExitCode::config,
              library.string() + " exports no cdctl_plugin: it is no cdctl plugin");
}

}  // namespace cdctl::plugins::gate
