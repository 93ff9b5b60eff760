#include <fmt/format.h>

#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>

#include "plugins/mojo/run/phases.hpp"
#include "plugins/mojo/spec/copy_tree.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

bool is_charm(const fs::path& folder) {
  std::error_code ignored;
  return fs::is_regular_file(folder / "metadata.yaml", ignored) ||
         fs::is_regular_file(folder / "charmcraft.yaml", ignored);
}

fs::path charms(const Run& run) {
  return run.series.empty() ? run.workspace.repo : run.workspace.repo / run.series;
}

Result<> to_repo(const Run& run, const std::string& name, const Deadline& deadline) {
  const auto from = run.workspace.build / name, into = charms(run) / name;
  std::error_code error;
  if (!fs::is_directory(from, error))
    return fail(
        fmt::format("there is no folder {} in the build folder; add it to the collect file", name));
  if (!inside(from, run.workspace.root))
    return fail(fmt::format("{} leads out of the workspace", from.string()));
  CDCTL_TRY(make_directories(into.parent_path()));
  CDCTL_TRY(remove_tree(into));
  const auto real = fs::canonical(from, error);
  return copy_tree(real, into, false, deadline);
}

/// Every collected charm goes to the repository, as Mojo has done by itself since 2016.
Result<> all_charms(const StepRun& at) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(at.run.workspace.build, error)) {
    if (is_charm(entry.path()))
      CDCTL_TRY(to_repo(at.run, entry.path().filename().string(), at.deadline));
  }
  return {};
}

}  // namespace

Result<> phase_collect(const StepRun& at) {
  std::vector<Problem> problems, warnings;
  const auto lines = load_collect_file(at.step.file, at.step.config, problems,
                                       warnings);  // again: a script may have edited it
  if (!problems.empty()) return fail(to_error(problems));
  CollectOptions options{at.run.workspace.lock_file(at.step.config), {}};
  if (at.run.locked || at.step.flag("locked", false)) {
    const auto name = at.step.config + ".lock";
    const auto found = at.run.stage.find(name).value_or(options.lock_out);
    std::error_code error;
    if (!fs::is_regular_file(found, error)) {
      return fail(
          ExitCode::config,
          fmt::format(
              "there is no {} in the spec or from an earlier run; collect once without locked",
              name));
    }
    options.locked = load_collect_file(found, name, problems, warnings);
    if (!problems.empty()) return fail(to_error(problems));
  }
  CDCTL_TRY_ASSIGN(const auto collected, at.run.collector.collect(lines, options, at.deadline));
  at.run.launcher.collected(collected);
  crash_point("mojo.collected");
  return all_charms(at);
}

Result<> phase_repo(const StepRun& at) {
  std::vector<Problem> problems;
  const auto names = load_names(at.step.file, at.step.config, problems);
  if (!problems.empty()) return fail(to_error(problems));
  for (const auto& name : names) CDCTL_TRY(to_repo(at.run, name, at.deadline));
  return {};
}

Result<> install_secrets(const fs::path& from, const fs::path& into, bool folders, Mask& mask,
                         const Deadline& deadline) {
  std::error_code error;
  if (from.empty() || !fs::is_directory(from, error)) return {};
  for (auto it = fs::recursive_directory_iterator(from, error);
       it != fs::recursive_directory_iterator(); it.increment(error)) {
    if (error) break;
    if (deadline.passed() || Stop::requested())
      return fail(ExitCode::timeout,
                  fmt::format("copying secrets from {}: no time left", from.string()));
    const auto target = into / it->path().lexically_relative(from);
    if (!inside(it->path(), from))
      return fail(ExitCode::config,
                  fmt::format("secret {} is a link to nothing, or leads out of {}",
                              it->path().string(), from.string()));
    if (it->is_directory(error)) {
      if (!folders) {
        it.disable_recursion_pending();
        continue;
      }
      CDCTL_TRY(make_directories(target, 0700));
    } else if (it->is_regular_file(error)) {
      CDCTL_TRY_ASSIGN(const auto bytes, read_file(it->path()));
      const bool runs =
          (it->status(error).permissions() & fs::perms::owner_exec) != fs::perms::none;
      CDCTL_TRY(write_file_atomically(target, bytes, runs ? 0700 : 0600));
      mask.add_text(std::string_view(bytes).substr(0, 256u << 10));
    }
  }
  if (error)
    return fail(fmt::format("reading the secrets in {}: {}", from.string(), error.message()));
  return {};
}

Result<> phase_secrets(const StepRun& at) {
  return install_secrets(at.run.secrets, at.run.workspace.local, !at.run.stage.name().empty(),
                         at.run.mask, at.deadline);
}

}  // namespace cdctl::mojo
