#include "plugins/mojo/run/phases.hpp"

#include <algorithm>

#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/mojo/run/bundle_step.hpp"
#include "plugins/mojo/run/script.hpp"
#include "plugins/mojo/spec/copy_tree.hpp"
#include "plugins/mojo/spec/workspace.hpp"
#include "plugins/mojo/text/words.hpp"

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr int k_stop_code = 99;

std::string name_of(const PlannedStep& step) {
  return step.config.empty() || step.config == step.rule->name
             ? std::string(step.rule->name)
             : fmt::format("{} {}", step.rule->name, step.config);
}

/// Of these packages, those that dpkg does not have installed.
Result<std::vector<std::string>> missing_packages(const std::vector<std::string>& names,
                                                  const Deadline& deadline) {
  Program command;
  command.argv = {"dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n", "--"};
  command.argv.insert(command.argv.end(), names.begin(), names.end());
  command.env = {{"LC_ALL", "C.UTF-8"}};
  command.deadline = deadline;
  CDCTL_TRY_ASSIGN(const auto finished, run(command));
  if (finished.timed_out || finished.interrupted || finished.signal != 0)
    return fail(ExitCode::unknown, "asking dpkg-query for packages: " + finished.how());
  std::vector<std::string> missing;
  for (const auto& name : names) {
    if (!("\n" + finished.out).contains("\ninstalled " + name + "\n")) missing.push_back(name);
  }
  return missing;
}

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

constexpr Millis k_steady{15'000};  // juju-wait: ready must hold 15 s
constexpr Millis k_longest_wait = std::chrono::minutes(30);
constexpr Millis k_poll_interval{250};

fs::path unit_folder(const Run& run, const fs::path& procfile) {
  if (inside(procfile, run.workspace.build))
    return procfile.parent_path();  // it was collected: its program is beside it
  return run.launcher.trunk().empty() ? run.workspace.build : run.launcher.trunk();
}

/// The Procfile of a step: in the stage or above, in the trunk, or in what was collected.
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

Result<ToStart> by_procfile(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const auto file, find_procfile(at, at.step.config));
  std::vector<Problem> problems;
  auto entries = load_procfile(file, at.step.config, problems);
  if (!problems.empty()) return fail(to_error(problems));
  auto release = take_release(entries);
  CDCTL_TRY_ASSIGN(auto processes, count_units(entries, at.run.units, at.step.config));
  return ToStart{std::move(processes), unit_folder(at.run, file), std::move(release)};
}

Result<ToStart> by_bundle(const StepRun& at) {
  CDCTL_TRY_ASSIGN(const auto file, find_procfile(at, "Procfile"));
  std::vector<Problem> problems;
  auto entries = load_procfile(file, "Procfile", problems);
  if (!problems.empty()) return fail(to_error(problems));
  auto release = take_release(entries);
  CDCTL_TRY_ASSIGN(auto processes, bundle_processes(at, entries));
  return ToStart{std::move(processes), unit_folder(at.run, file), std::move(release)};
}

Result<> start_processes(const StepRun& at) {
  const bool procfile = at.step.kind() == PhaseKind::deploy && names_procfile(at.step.config);
  CDCTL_TRY_ASSIGN(auto wanted, procfile ? by_procfile(at) : by_bundle(at));
  for (auto& process : wanted.processes) {
    std::erase_if(at.started, [&](const Process& old) { return old.type == process.type; });
    at.started.push_back(std::move(process));
  }
  wanted.processes = at.started;
  return at.run.launcher.start(wanted, at.deadline);
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

/// The units of a set at one moment.
struct UnitHealth {
  bool up = false;
  bool cut = false;  ///< from the world
  std::int64_t restarts = 0;
  std::string what;  ///< `2 of 3 units up`
};

Result<UnitHealth> unit_health(const StepRun& at, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto status, at.run.launcher.describe(deadline));
  if (!status.want || !status.up)
    return fail(ExitCode::unknown, "the engine cannot say how many units are up");
  UnitHealth out;
  out.up = *status.want > 0 && *status.up == *status.want;
  out.cut = status.world_cut.value_or(false);
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
    for (auto& word : shell_words(line.text.substr(close + 2), problem))
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
  std::vector<std::string> bad;
  for (const auto& command : commands) {
    auto script = at.script(command.argv);
    script.name = "check " + command.name;
    const auto ran = at.execute(script);
    if (!ran) {
      bad.push_back(fmt::format("{}: {}", command.name, ran.error().what));
      continue;
    }
    const auto& end = *ran;
    if (end.finished.timed_out || end.finished.interrupted) return script_result(end, script);
    if (!end.finished.ok())
      bad.push_back(fmt::format("{}: {}: {}", command.name, end.finished.how(), end.last_words()));
  }
  if (!bad.empty()) return fail(joined(bad, "; "));
  return {};
}

}  // namespace

Script StepRun::script(std::vector<std::string> argv) const {
  auto env = run.env;
  for (const auto& [name, value] : step.words) env[name] = value;
  return {name_of(step),
          std::move(argv),
          run.stage.folder(),
          std::move(env),
          {run.workspace.log / fmt::format("{}-{}.log", number, step.rule->name),
           run.workspace.log_file()},
          {},
          deadline};
}

Result<ScriptEnd> StepRun::execute(const Script& script) const {
  const auto live = [&](std::string_view line) {
    const auto text = fmt::format("{}: {}", script.name, line);
    if (run.live)
      run.host.log(Level::note, text);
    else
      run.host.progress(text);
  };
  auto logs = script;
  logs.extra_log = run.workspace.extra_log;
  auto end = run_script(run.host, logs, run.mask, live);
  if (!end) return end;
  tail = end->tail;
  if (end->finished.timed_out || end->finished.interrupted) {
    // Its process group is dead; what called setsid is not in it.
    const auto swept = kill_marked(run_marker(run.workspace), Deadline(Millis(5000)));
    if (!swept)
      run.host.log(Level::warning, fmt::format("{}: {}", script.name, swept.error().what));
  }
  return end;
}

void StepRun::say(std::string_view line) const {
  if (run.live)
    run.host.log(Level::note, fmt::format("{}: {}", name_of(step), line));
  else
    run.host.progress(fmt::format("{}: {}", name_of(step), line));
}

Result<> phase_script(const StepRun& at) {
  const auto script = at.script({at.step.file.string()});
  CDCTL_TRY_ASSIGN(const auto end, at.execute(script));
  return script_result(end, script);
}

Result<bool> phase_stop_on(const StepRun& at) {
  const auto script = at.script({at.step.file.string()});
  CDCTL_TRY_ASSIGN(const auto end, at.execute(script));
  const auto code = at.step.value("return-code")
                        ? static_cast<int>(at.step.seconds("return-code", {}).count() / 1000)
                        : k_stop_code;
  const bool ended =
      end.finished.signal == 0 && !end.finished.timed_out && !end.finished.interrupted;
  if (ended && end.finished.status == code) {
    at.say(fmt::format("exit status {}: the run ends here", code));
    return true;
  }
  if (auto done = script_result(end, script); !done) return fail(std::move(done.error()));
  return false;
}

Result<> phase_builddeps(const StepRun& at) {
  std::vector<Problem> problems;
  const auto names = load_names(at.step.file, at.step.config, problems);
  if (!problems.empty()) return fail(to_error(problems));
  if (names.empty()) return {};
  CDCTL_TRY_ASSIGN(auto missing, missing_packages(names, at.deadline));
  if (missing.empty()) return {};
  if (!at.step.flag("install", false)) {
    return fail(ExitCode::config,
                fmt::format("packages are missing: apt-get install {}; or say install=True",
                            joined(missing, " ")));
  }
  std::vector<std::string> argv;
  if (::geteuid() != 0) argv = {"sudo", "-n"};
  for (const auto* word : {"env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y",
                           "--no-install-recommends", "--"})
    argv.emplace_back(word);
  argv.insert(argv.end(), missing.begin(), missing.end());
  const auto script = at.script(std::move(argv));
  CDCTL_TRY_ASSIGN(const auto end, at.execute(script));
  CDCTL_TRY(script_result(end, script));
  CDCTL_TRY_ASSIGN(missing, missing_packages(names, at.deadline));
  if (!missing.empty())
    return fail(fmt::format("apt-get did not install {}", joined(missing, " ")));
  return {};
}

Result<> phase_collect(const StepRun& at) {
  std::vector<Problem> problems, warnings;
  const auto lines = load_collect_file(at.step.file, at.step.config, problems,
                                       warnings);  // again: a script can have edited it
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
    CDCTL_TRY_ASSIGN(const auto now_is, unit_health(at, deadline));
    if (now_is.what != shown) at.say(shown = now_is.what);
    // A breaker was faster: frozen units never become steady.
    if (now_is.cut) return fail("the set was cut off while its units came up: " + now_is.what);
    if (!now_is.up || now_is.restarts != restarts) since.reset();
    restarts = now_is.restarts;
    if (now_is.up && !since) since = std::chrono::steady_clock::now();
    if (since && std::chrono::steady_clock::now() - *since >= steady) return {};
    if (auto waited = pause(k_poll_interval, deadline); !waited) {
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
  CDCTL_TRY_ASSIGN(const auto now_is, unit_health(at, at.deadline));
  if (!now_is.up) return fail(now_is.what);
  return {};
}

}  // namespace cdctl::mojo
