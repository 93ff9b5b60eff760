#pragma once

#include <filesystem>

#include <cdctl/module.hpp>
#include <cdctl/plugin.hpp>

// One gate: a plugin is used when it was built for this interface with the same C++ library as we.
// The link symbol of plugin.hpp has the dynamic linker refuse another interface before any code of
// the plugin runs; the build tag tells the rest. A manifest names the interface, so that most
// plugins that do not fit are refused unopened; the build that it names is for people.

namespace cdctl::plugins::gate {

/// What a manifest says; exit code `config` when the plugin was made for another interface.
[[nodiscard]] Result<> check_manifest(const std::filesystem::path& manifest,
                                      std::int64_t interface_version);
/// What the file says before any of its code runs: safe modes, a whole library, our symbol in it.
[[nodiscard]] Result<> check_file(const std::filesystem::path& library);
/// Opens the library, compares the build tag, and only then reads the descriptor.
[[nodiscard]] Result<const plugin::Descriptor*> open(const std::filesystem::path& library);

}  // namespace cdctl::plugins::gate
