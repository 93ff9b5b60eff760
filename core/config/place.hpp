#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

namespace cdctl::config {

/// Where a configuration is, by the order of design §6. It need not be readable, or there when it
/// was named.
struct ConfigPlace {
  std::filesystem::path file;
  bool trusted = false;  ///< not found by walking up
};
[[nodiscard]] std::optional<ConfigPlace> locate_config(const std::string& named);
/// What is said where there is no configuration, and what to do then.
inline constexpr std::string_view k_no_configuration =
    "no configuration found: no cdctl.toml in this folder or one above, in ~/.config/cdctl or in "
    "/etc/cdctl";
inline constexpr std::string_view k_no_configuration_cure =
    "cdctl init makes one, --config FILE names one";
/// The configuration that holds here. Exit code `config` and Reason::no_configuration when there is
/// none.
[[nodiscard]] Result<ConfigPlace> require_config(const std::string& named);
/// The home by the environment, else by `table` (of cdctl.toml in `folder`), else the user's or the
/// system's. Always an absolute path: what is relative to where somebody happens to stand would be
/// a second home, with sets of the same names. Exit code `config` where none follows.
[[nodiscard]] Result<std::filesystem::path> home_folder(const Json& table,
                                                        const std::filesystem::path& folder);
/// That nobody else can lay anything into a home that is there: exit code `config` when it, or one
/// of the folders and files that it consists of, is another user's, can be written to by others, or
/// is a symbolic link. What is deeper can only be of our own making then.
[[nodiscard]] Result<> check_home_folder(const std::filesystem::path& home);

}  // namespace cdctl::config
