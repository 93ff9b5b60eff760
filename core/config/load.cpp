#include "core/config/load.hpp"

#include <algorithm>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/module.hpp>
#include <cdctl/text.hpp>

#include "core/config/check.hpp"
#include "core/config/keys.hpp"
#include "core/config/service.hpp"
#include "core/config/target.hpp"
#include "core/files/toml_file.hpp"

namespace cdctl::config {

namespace fs = std::filesystem;

namespace {

bool is_callers_own(const fs::path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 && info.st_uid == ::geteuid();
}

/// What a configuration found by walking up may not do: name programs, since a
/// clone of somebody's repository is our own file, too; and name secrets or whom they are sent
/// to, unless it is our own.
void check_trust(const files::TomlFile& file, Problems& problems) {
  const bool own = is_callers_own(file.path);
  const auto refuse = [&](const std::string& dotted, std::string_view what) {
    problems.push_back(bad(file, dotted,
                           fmt::format("'{}' names {}, which a configuration found by walking up "
                                       "may not; pass --config {} if you trust it",
                                       dotted, what, file.path.string()))
                           .error());
  };
  for (const auto& [dotted, where] : file.where) {
    if (dotted.contains('[')) continue;  // an entry of a list, which its key stands for
    if (dotted.ends_with("_command"))
      refuse(dotted, "programs");
    else if (!own && (dotted.ends_with("_file") || dotted.ends_with("_env")))
      refuse(dotted, "a secret of somebody who is not its owner");
    else if (!own && value_at(file.table, dotted).view().contains("://"))
      refuse(dotted, "an address and is not yours");
  }
}

/// Of cdctl.toml itself; gives what holds for all services.
ServiceConfig check_file(const files::TomlFile& file, bool trusted, plugins::PluginHost& plugins,
                         const fs::path& base, Problems& problems) {
  if (!trusted) check_trust(file, problems);
  auto known = known_keys(false, "");
  for (const auto& plugin : plugins.plugins())
    if (!plugin.global_keys.empty()) known.push_back(plugin.name);
  check_keys(file, "", file.table, known, problems);
  for (const auto& plugin : plugins.plugins())
    if (plugin.refused.empty() && !file.table[plugin.name].is_null())
      check_keys(file, plugin.name, file.table[plugin.name], plugin.global_keys, problems);
  for (const auto* table : {"defaults", "signals", "land", "notify"})
    check_keys(file, table, file.table[table], known_keys(false, table), problems);
  return read_defaults(file, plugins, base, problems);
}

Result<Config> read_config(const ConfigPlace& place, plugins::PluginHost& plugins) {
  CDCTL_TRY_ASSIGN(const auto file, read_ours(place.file));
  const auto base = fs::absolute(place.file).parent_path();
  Problems problems;
  const auto defaults = check_file(file, place.trusted, plugins, base, problems);
  if (!problems.empty()) return fail(problems.front());
  hide_secrets(file);
  Config config{fs::absolute(place.file), place.trusted, file.table, {}, {}, {}, {}};
  CDCTL_TRY_ASSIGN(const auto files, service_files(place));
  for (const auto& path : files) {
    auto service = read_service(path, defaults, plugins, base, problems);
    if (problems.empty())
      config.services.push_back(std::move(service));
    else
      config.broken.emplace(path.stem().string(), problems.front());
    problems.clear();
  }
  const auto targets = target_files(place);
  if (!targets) config.broken_targets.emplace("targets.d", targets.error());  // services go on
  for (const auto& path : targets.value_or(std::vector<fs::path>())) {
    auto target = read_target(path, plugins, base, problems);
    if (problems.empty())
      config.targets.push_back(std::move(target));
    else
      config.broken_targets.emplace(path.stem().string(), problems.front());
    problems.clear();
  }
  return config;
}

/// The files of a folder beside cdctl.toml, by the names of what they describe.
Result<std::vector<fs::path>> files_of(const ConfigPlace& place, const char* name) {
  const auto folder = fs::absolute(place.file).parent_path() / name;
  std::error_code error;
  std::vector<fs::path> files;
  fs::directory_iterator at(folder, error);
  std::error_code ignored;
  if (error == std::errc::no_such_file_or_directory && !fs::is_symlink(folder, ignored))
    return files;
  if (!error) CDCTL_TRY(only_ours_to_write(folder));
  for (const fs::directory_iterator end; !error && at != end; at.increment(error))
    if (at->path().extension() == ".toml") files.push_back(at->path());
  if (error)  // nothing is known of any service, and none is not what it says
    return fail(ExitCode::config, fmt::format("reading {}: {}", folder.string(), error.message()));
  std::ranges::sort(files, {}, [](const fs::path& file) {
    return file.stem().string();
  });  // by service: as file names, "a-b.toml" comes before "a.toml"
  return files;
}

}  // namespace

Result<std::vector<fs::path>> service_files(const ConfigPlace& place) {
  return files_of(place, "services.d");
}
Result<std::vector<fs::path>> target_files(const ConfigPlace& place) {
  return files_of(place, "targets.d");
}

std::vector<Error> check_structure(const ConfigPlace& place, plugins::PluginHost& plugins) {
  Problems problems;
  const auto file = read_ours(place.file);
  if (!file) return {file.error()};
  const auto base = fs::absolute(place.file).parent_path();
  const auto defaults = check_file(*file, place.trusted, plugins, base, problems);
  const auto files = service_files(place);
  if (!files) problems.push_back(files.error());
  for (const auto& path : files.value_or(std::vector<fs::path>()))
    (void)read_service(path, defaults, plugins, base, problems);
  const auto targets = target_files(place);
  if (!targets) problems.push_back(targets.error());
  for (const auto& path : targets.value_or(std::vector<fs::path>()))
    (void)read_target(path, plugins, base, problems);
  return problems;
}

Result<Config> find_config(const std::string& named, plugins::PluginHost& plugins) {
  CDCTL_TRY_ASSIGN(const auto place, require_config(named));
  return read_config(place, plugins);
}

}  // namespace cdctl::config
