#include "plugins/mojo/spec/project.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/lock.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/spec/stage.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// `--mojo-root`, MOJO_ROOT, or where Mojo keeps projects without containers.
fs::path default_root() {
  if (const auto data = from_environment("XDG_DATA_HOME"); data.starts_with('/'))
    return fs::path(data) / "mojo";
  const auto home = from_environment("HOME");
  return home.starts_with('/') ? fs::path(home) / ".local/share/mojo" : fs::path("/srv/mojo");
}

Result<> check_name(const std::string& name, std::string_view what) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const auto fits = [&](char c) {
    return letter(c) || c == '.' || c == '_' || c == '+' || c == '-';
  };
  if (name.empty() || (letter(name.front()) && name.size() <= 128 &&
                       std::ranges::all_of(name, fits) && name != "LOCAL"))
    return {};
  return fail(
      ExitCode::usage,
      fmt::format("{} '{}' is not a name: use letters, digits and ._+-, a letter or digit first",
                  what, printable(name, 60)));
}

std::string container_of(const Json& project) { return project["container_class"].as_string(); }

bool on_this_machine(const std::string& container) {
  return container.empty() || container == "containerless";
}

}  // namespace

Result<RunSettings> run_settings(const Arguments& args) {
  const auto pick = [&](const char* option, const char* variable) {
    const auto given = args.value(option);
    return given.empty() ? from_environment(variable) : given;
  };
  RunSettings out;
  const auto root = pick("mojo-root", "MOJO_ROOT");
  out.who.root = root.empty() ? default_root() : fs::absolute(root).lexically_normal();
  out.who.project = pick("project", "MOJO_PROJECT");
  out.who.series = pick("series", "MOJO_SERIES");
  out.who.stage = pick("stage", "MOJO_STAGE");
  while (out.who.stage.ends_with('/')) out.who.stage.pop_back();
  out.who.workspace = pick("workspace", "MOJO_WORKSPACE");
  out.who.spec = from_environment("MOJO_SPEC");
  if (const auto name = args.value("manifest"); !name.empty()) out.manifest = name;
  if (const auto name = args.value("engine"); !name.empty()) out.engine = name;
  CDCTL_TRY(check_name(out.who.project, "project"));
  CDCTL_TRY(check_name(out.who.series, "series"));
  CDCTL_TRY(check_name(out.who.workspace, "workspace"));
  if (!out.who.stage.empty()) CDCTL_TRY(check_relative(out.who.stage, "stage"));
  return out;
}

Result<> need_workspace(const RunSettings& settings) {
  const auto missing = [](std::string_view what) {
    return fail(ExitCode::usage, fmt::format("no {}", what));
  };
  if (settings.who.project.empty())
    return missing("project given: say --project, or set MOJO_PROJECT");
  if (settings.who.series.empty()) return missing("series given: say --series, or set MOJO_SERIES");
  if (settings.who.workspace.empty())
    return missing("workspace given: name it after the SPEC, or set MOJO_WORKSPACE");
  return check_name(settings.who.workspace, "workspace");
}

Result<bool> make_project(const RunSettings& settings, const std::string& container) {
  const auto folder = settings.series_folder();
  if (!on_this_machine(container)) {
    return fail(
        ExitCode::config,
        fmt::format(
            "container class '{}' is not supported: scripts run on this machine (containerless)",
            printable(container, 40)));
  }
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(folder / ".project"));
  if (text) {
    CDCTL_TRY(check_project(settings));
    return false;
  }
  CDCTL_TRY(make_directories(folder, 0700));
  CDCTL_TRY(make_directories(settings.who.root / "LOCAL" / settings.who.project, 0700));
  const auto project = Json::object({{"container_class", "containerless"},
                                     {"container_root", folder.string()},
                                     {"project_root", folder.parent_path().string()}});
  CDCTL_TRY(write_file_atomically(folder / ".project", project.dump() + "\n"));
  return true;
}

Result<> check_project(const RunSettings& settings) {
  const auto file = settings.series_folder() / ".project";
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(file));
  if (!text) return {};
  const auto project = Json::parse(*text);
  if (!project)
    return fail(ExitCode::config, fmt::format("{}: {}", file.string(), project.error().what));
  if (on_this_machine(container_of(*project))) return {};
  return fail(ExitCode::refused,
              fmt::format("project {} was made for {} containers, and scripts would run on this "
                          "machine here; make another with --container containerless",
                          settings.who.project, printable(container_of(*project), 40)));
}

Result<WorkspaceHold> WorkspaceHold::take(const fs::path& folder) {
  CDCTL_TRY(make_directories(folder, 0700));
  CDCTL_TRY_ASSIGN(auto lock, FileLock::acquire(folder / ".lock", Deadline(Millis(0))));
  if (!lock)
    return fail(ExitCode::refused,
                fmt::format("another run is in the workspace {}; wait for it, or name another",
                            folder.string()));
  return WorkspaceHold(std::move(*lock));
}

bool workspace_held(const fs::path& folder) { return FileLock::held(folder / ".lock"); }

Json read_workspace(const fs::path& folder) {
  const auto text = read_file_if_there(folder / "workspace.json");
  if (!text || !*text) return {};
  auto json = Json::parse(**text);
  return json ? std::move(*json) : Json();
}

Result<> write_workspace(const fs::path& folder, const Json& json) {
  return write_file_atomically(folder / "workspace.json", json.dump() + "\n", 0600);
}

std::vector<Json> read_journal(const Workspace& workspace) {
  std::vector<Json> out;
  const auto text = read_file_if_there(workspace.log / "phases.ndjson");
  if (!text || !*text) return out;
  for (const auto line : lines(**text)) {
    if (auto record = Json::parse(line); record && record->is_object())
      out.push_back(std::move(*record));
  }
  return out;
}

Result<> append_journal(const Workspace& workspace, const Json& record) {
  const auto path = workspace.log / "phases.ndjson";
  const Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  // A line at once: a killed run leaves whole lines, or a last half one.
  if (!fd.valid() || !write_all(fd.get(), record.dump() + "\n")) {
    return fail(fmt::format("writing {}: {}", path.string(), errno_text(errno)));
  }
  return {};
}

}  // namespace cdctl::mojo
