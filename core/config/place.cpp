#include "core/config/place.hpp"

#include <cstdlib>

#include <fmt/format.h>
#include <unistd.h>

#include <cdctl/config.hpp>
#include <cdctl/module.hpp>
#include <cdctl/text.hpp>

namespace cdctl::config {

namespace fs = std::filesystem;

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::optional<ConfigPlace> locate_config(const std::string& named) {
  if (!named.empty()) return ConfigPlace{named, true};
  if (const char* env = std::getenv("CDCTL_CONFIG"); env && *env) return ConfigPlace{env, true};
  std::error_code error;
  for (auto folder = fs::current_path(error); !folder.empty(); folder = folder.parent_path()) {
    if (fs::exists(folder / "cdctl.toml", error)) return ConfigPlace{folder / "cdctl.toml", false};
    if (folder == folder.parent_path()) break;
  }
  const char* xdg = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  const fs::path users = xdg && *xdg == '/' ? fs::path(xdg)
                         : home && *home    ? fs::path(home) / ".config"
                                            : fs::path();
  if (!users.empty() && fs::exists(users / "cdctl/cdctl.toml", error))
    return ConfigPlace{users / "cdctl/cdctl.toml", true};
  if (fs::exists("/etc/cdctl/cdctl.toml", error)) return ConfigPlace{"/etc/cdctl/cdctl.toml", true};
  return {};
}

Result<ConfigPlace> require_config(const std::string& named) {
  if (const auto place = locate_config(named)) return *place;
  return fail(
      Error{ExitCode::config, fmt::format("{}; {}", k_no_configuration, k_no_configuration_cure)}
          .because(Reason::no_configuration));
}

Result<fs::path> home_folder(const Json& table, const fs::path& folder) {
  if (const auto named = environment("CDCTL_HOME"); named.starts_with('/'))
    return fs::path(named).lexically_normal();
  else if (!named.empty())
    return fail(
        ExitCode::config,
        fmt::format("CDCTL_HOME is '{}', which is another folder from each place; set it to "
                    "an absolute path, such as {}, or unset it",
                    printable(named, 80), (fs::current_path() / named).string()));
  if (const auto named = table[k_embedded]["home"].as_string(); !named.empty())
    return fs::absolute(folder / named).lexically_normal();
  if (::geteuid() == 0) return "/var/lib/cdctl";
  if (const auto state = environment("XDG_STATE_HOME"); state.starts_with('/'))
    return fs::path(state) / "cdctl";
  if (const auto home = environment("HOME"); home.starts_with('/'))
    return fs::path(home) / ".local/state/cdctl";
  else
    return fail(ExitCode::config,
                fmt::format("HOME is {}, so that nothing says where the state of the sets is; set "
                            "HOME, or CDCTL_HOME, to an absolute path, or [{}] home in cdctl.toml",
                            home.empty() ? "not set" : "no absolute path", k_embedded));
}

namespace {

std::unexpected<Error> refuse_link(const fs::path& path, const fs::path& home) {
  return fail(
      ExitCode::config,
      fmt::format("{} is a symbolic link, and what is kept in the home {} would be "
                  "elsewhere; put the folder itself there, or name another home (CDCTL_HOME, "
                  "or [{}] home in cdctl.toml)",
                  path.string(), home.string(), k_embedded));
}

}  // namespace

Result<> check_home_folder(const fs::path& home) {
  std::error_code error;
  if (!fs::exists(fs::symlink_status(home, error))) return {};
  CDCTL_TRY(only_ours_to_write(home));
  for (fs::directory_iterator at(home, error), end; !error && at != end; at.increment(error)) {
    std::error_code ignored;
    if (at->is_symlink(ignored)) return refuse_link(at->path(), home);
    if (const auto ours = only_ours_to_write(at->path()); !ours && at->exists(ignored)) return ours;
  }
  return {};
}

}  // namespace cdctl::config
