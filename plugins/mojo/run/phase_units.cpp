#include <algorithm>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "plugins/mojo/run/bundle_step.hpp"
#include "plugins/mojo/run/phases.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr Millis k_steady{15'000};  // juju-wait: ready must hold 15 s
constexpr Millis k_longest_wait = std::chrono::minutes(30);
constexpr Millis k_between_looks{250};

/// The processes that this step starts, and where their Procfile is.
struct Wanted {
  std::vector<Process> processes;
  fs::path directory;
};

fs::path unit_folder(const Run& run, const fs::path& procfile) {
  if (inside(procfile, run.workspace.build))
    return procfile.parent_path();  // it was collected: its program is beside it
  return run.launcher.trunk().empty() ? run.workspace.build : run.launcher.trunk();
}

Result<Wanted> by_procfile(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const auto file, find_procfile(at, at.step.config));
  std::vector<Problem> problems;
  const auto entries = load_procfile(file, at.step.config, problems);
  if (!problems.empty()) return fail(to_error(problems));
  CDCTL_TRY_ASSIGN(auto processes, count_units(entries, at.run.units, at.step.config));
  return Wanted{std::move(processes), unit_folder(at.run, file)};
}

Result<Wanted> by_bundle(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const auto file, find_procfile(at, "Procfile"));
  std::vector<Problem> problems;
  const auto entries = load_procfile(file, "Procfile", problems);
  if (!problems.empty()) return fail(to_error(problems));
  CDCTL_TRY_ASSIGN(auto processes, bundle_processes(at, entries));
  return Wanted{std::move(processes), unit_folder(at.run, file)};
}

Result<> start_processes(const StepRun& at) {
  const bool procfile = at.step.kind() == PhaseKind::deploy && names_procfile(at.step.config);
  CDCTL_TRY_ASSIGN(auto wanted, procfile ? by_procfile(at) : by_bundle(at));
  for (auto& process : wanted.processes) {
    std::erase_if(at.started, [&](const Process& old) { return old.type == process.type; });
    at.started.push_back(std::move(process));
  }
  return at.run.launcher.start(at.started, wanted.directory, at.deadline);
}

Result<> start_bundle(const StepRun& at) {
  if (at.step.kind() == PhaseKind::deploy && names_procfile(at.step.config)) {
    return fail(
        ExitCode::config,
        fmt::format("{}: this engine runs charms and no processes; name a bundle", at.step.config));
  }
  CDCTL_TRY_ASSIGN(const auto bundle, bundle_document(at));
  return at.run.launcher.start_bundle(bundle, at.deadline);
}

/// What one look at the units told.
struct Look {
  bool up = false;
  std::int64_t restarts = 0;
  std::string what;  ///< `2 of 3 units up`
};

Result<Look> look(const StepRun& at, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto status, at.run.launcher.look(deadline));
  if (!status.want || !status.up)
    return fail(ExitCode::unknown, "the engine cannot say how many units are up");
  Look out;
  out.up = *status.want > 0 && *status.up == *status.want;
  for (const auto& unit : status.detail["units"].items()) out.restarts += unit["restarts"].as_int();
  out.what = fmt::format("{} of {} units of {} up", *status.up, *status.want, status.name.str());
  return out;
}

/// `command[NAME]=PROGRAM WORD…` lines of an NRPE configuration.
struct NrpeCommand {
  std::string name;
  std::vector<std::string> argv;
};

std::vector<NrpeCommand> nrpe_commands(std::string_view text, const std::string& shown,
                                       std::vector<Problem>& problems) {
  std::vector<NrpeCommand> out;
  for (const auto& line : split_lines(text, shown, problems)) {
    if (!line.text.starts_with("command[")) continue;
    const auto close = line.text.find("]=");
    Problem problem{shown, line.number, 0, {}};
    if (close == std::string_view::npos) {
      problem.what = "not of the form command[NAME]=PROGRAM WORD…";
      problems.push_back(std::move(problem));
      continue;
    }
    NrpeCommand command{std::string(line.text.substr(8, close - 8)), {}};
    for (auto& word : split_words(line.text.substr(close + 2), problem))
      command.argv.push_back(std::move(word.text));
    if (problem.what.empty() && command.argv.empty()) problem.what = "the command is empty";
    if (problem.what.empty())
      out.push_back(std::move(command));
    else
      problems.push_back(std::move(problem));
  }
  return out;
}

Result<> nrpe_file(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const auto text, read_file(at.step.file, k_largest_file));
  std::vector<Problem> problems;
  const auto commands = nrpe_commands(text, at.step.config, problems);
  if (!problems.empty()) return fail(to_error(problems));
  if (commands.empty())
    return fail(ExitCode::config, fmt::format("{} has no command[NAME]= line", at.step.config));
  std::string bad;
  for (const auto& command : commands) {
    auto script = at.script(command.argv);
    script.name = "check " + command.name;
    const auto ran = at.execute(script);
    if (!ran) {
      bad += fmt::format("{}{}: {}", bad.empty() ? "" : "; ", command.name, ran.error().what);
      continue;
    }
    const auto& end = *ran;
    if (end.finished.timed_out || end.finished.interrupted) return script_result(end, script);
    if (!end.finished.ok())
      bad += fmt::format("{}{}: {}: {}", bad.empty() ? "" : "; ", command.name, end.finished.how(),
                         end.last_words());
  }
  if (!bad.empty()) return fail(bad);
  return {};
}

}  // namespace

Result<fs::path> find_procfile(const StepRun& at, const std::string& name) {
  if (auto found = at.run.stage.find(name)) return found;
  std::error_code error;
  std::vector<fs::path> candidates;  // the first that is there counts
  if (const auto trunk = at.run.launcher.trunk(); !trunk.empty())
    candidates.push_back(trunk / name);
  candidates.push_back(at.run.workspace.build / name);
  std::vector<fs::path> collected;
  for (const auto& entry : fs::directory_iterator(at.run.workspace.build, error))
    collected.push_back(entry.path() / name);
  const auto there = [&](const fs::path& candidate) {
    return fs::is_regular_file(candidate, error) && inside(candidate, at.run.workspace.root);
  };
  for (const auto& candidate : candidates)
    if (there(candidate)) return candidate;
  std::erase_if(collected, [&](const fs::path& candidate) { return !there(candidate); });
  std::ranges::sort(collected);
  if (collected.size() > 1) {
    return fail(
        ExitCode::config,
        fmt::format("{} and {} were both collected: which one is meant? Put one into the spec",
                    collected[0].lexically_relative(at.run.workspace.build).string(),
                    collected[1].lexically_relative(at.run.workspace.build).string()));
  }
  if (!collected.empty()) return collected.front();
  return fail(ExitCode::config,
              fmt::format("there is no {} in the spec, the trunk or what was collected; it names "
                          "the programs that an engine of processes runs",
                          name));
}

Result<> phase_deploy(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const bool bundles, at.run.launcher.takes_bundles(at.deadline));
  CDCTL_TRY(bundles ? start_bundle(at) : start_processes(at));
  if (const auto delay = at.step.seconds("delay", Millis(0)); delay > Millis(0))
    CDCTL_TRY(pause(delay, at.deadline));
  if (!at.step.flag("wait", at.step.value("max-wait") != nullptr)) return {};
  return wait_steady(at, k_steady,
                     at.deadline.at_most(at.step.seconds("max-wait", k_longest_wait)));
}

Result<> wait_steady(const StepRun& at, Millis steady, const Deadline& deadline) {
  std::optional<std::chrono::steady_clock::time_point> since;
  std::int64_t restarts = 0;
  std::string shown;
  for (;;) {
    CDCTL_TRY_ASSIGN(const auto now_is, look(at, deadline));
    if (now_is.what != shown) at.say(shown = now_is.what);
    if (!now_is.up || now_is.restarts != restarts) since.reset();
    restarts = now_is.restarts;
    if (now_is.up && !since) since = std::chrono::steady_clock::now();
    if (since && std::chrono::steady_clock::now() - *since >= steady) return {};
    if (auto waited = pause(k_between_looks, deadline); !waited) {
      if (waited.error().exit != ExitCode::timeout) return waited;
      return fail(
          ExitCode::timeout,
          fmt::format("the units were not steady in time: {}, {} restarts", now_is.what, restarts));
    }
  }
}

Result<> phase_check_wait(const StepRun& at) {
  return wait_steady(at, at.step.seconds("steady", k_steady),
                     at.deadline.at_most(at.step.seconds("max-wait", k_longest_wait)));
}

Result<> phase_nagios_check(const StepRun& at) {
  if (!at.step.file.empty()) return nrpe_file(at);
  CDCTL_TRY_ASSIGN(const auto now_is, look(at, at.deadline));
  if (!now_is.up) return fail(now_is.what);
  return {};
}

}  // namespace cdctl::mojo
