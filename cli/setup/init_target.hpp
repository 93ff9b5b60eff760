#pragma once

#include <filesystem>

#include <cdctl/args.hpp>

#include "cli/output/context.hpp"
#include "cli/setup/init_plugins.hpp"

namespace cdctl::cli {

/// `cdctl init --target`: a branch that proposals land on. Finds out what a folder tells, its
/// repository, its branch, how it is tested, and the key of whoever calls; asks for the rest.
/// `file` is the configuration that it is a target of, made where it is absent.
[[nodiscard]] Result<> init_target(Context& context, const Arguments& args,
                                   const std::filesystem::path& file, const SetupPlugins& plugins,
                                   const FolderFacts& facts);

/// The command that tests what is in a work tree, by the files that are there; empty when none of
/// them says so.
[[nodiscard]] std::string test_command_of(const std::filesystem::path& folder);

}  // namespace cdctl::cli
