#include <algorithm>

#include <fmt/format.h>

#include "plugins/mojo/commands/commands.hpp"
#include "plugins/mojo/records/records.hpp"
#include "plugins/mojo/run/hand_run.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

std::vector<fs::path> folders_in(const fs::path& where, const std::string& only) {
  std::vector<fs::path> out;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(where, error)) {
    const auto name = entry.path().filename().string();
    if (entry.is_directory(error) && !name.starts_with('.') && name != "LOCAL" &&
        (only.empty() || name == only))
      out.push_back(entry.path());
  }
  std::ranges::sort(out);
  return out;
}

/// How the last run in a workspace went: its last phase.
std::optional<LastRun> last_run(const fs::path& folder) {
  const auto journal = read_journal(Workspace(folder));
  const auto last = std::find_if(journal.rbegin(), journal.rend(),
                                 [](const Json& record) { return record["phase"].is_string(); });
  if (last == journal.rend()) return {};
  auto out = records::decode<LastRun>(*last);
  if (journal.back()["run"].is_null() && !workspace_held(folder)) out.state = "cut short";
  return out;
}

Json workspace_record(const fs::path& folder) {
  const auto json = read_workspace(folder);
  return records::encode(
      WorkspaceRecord{.name = folder.filename().string(),
                      .project = folder.parent_path().parent_path().filename().string(),
                      .series = folder.parent_path().filename().string(),
                      .stage = json["stage"],
                      .spec = json["address"],
                      .revision = json["spec"]["revision"],
                      .set = json["set"],
                      .running = workspace_held(folder),
                      .last = last_run(folder),
                      .folder = folder.string()});
}

}  // namespace

int command_project_new(Host& host, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    if (given.args.words.size() != 1 || given.args.words.front().empty())
      return fail(ExitCode::usage, "mojo project-new takes one NAME");
    auto args = given.args;
    args.options["project"] = {args.words.front()};
    CDCTL_TRY_ASSIGN(const auto settings, run_settings(args));
    if (settings.who.series.empty())
      return fail(ExitCode::usage, "no series given: say --series, or set MOJO_SERIES");
    CDCTL_TRY_ASSIGN(const bool made, make_project(settings, args.value("container")));
    host.log(Level::note,
             fmt::format("{} {}; its secrets go to {}",
                         made ? "made" : "there already:", settings.series_folder().string(),
                         (settings.who.root / "LOCAL" / settings.who.project / "STAGE").string()));
    return {};
  });
}

int command_workspace_new(Host& host, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    if (given.args.words.size() != 2)
      return fail(ExitCode::usage, "mojo workspace-new takes SPEC and WORKSPACE");
    CDCTL_TRY_ASSIGN(auto settings, run_settings(given.args));
    settings.who.spec = given.args.words[0];
    settings.who.workspace = given.args.words[1];
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(given.args, "timeout", std::chrono::minutes(30)));
    CDCTL_TRY_ASSIGN(const auto folder, make_workspace(host, settings, Deadline(timeout)));
    given.write(workspace_record(folder));
    return {};
  });
}

int command_workspace_list(Host&, const CommandArguments& given) noexcept {
  return guarded(given, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto settings, run_settings(given.args));
    for (const auto& project : folders_in(settings.who.root, settings.who.project)) {
      for (const auto& series : folders_in(project, settings.who.series)) {
        for (const auto& folder : folders_in(series, {})) {
          if (!read_workspace(folder).is_null()) given.write(workspace_record(folder));
        }
      }
    }
    return {};
  });
}

}  // namespace cdctl::mojo
