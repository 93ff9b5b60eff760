#include <fmt/format.h>
#include <fmt/ranges.h>

#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>

#include "plugins/mojo/run/phases.hpp"
#include "plugins/mojo/run/sweep.hpp"
#include "plugins/mojo/spec/workspace.hpp"

namespace cdctl::mojo {

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
                            fmt::join(missing, " ")));
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
    return fail(fmt::format("apt-get did not install {}", fmt::join(missing, " ")));
  return {};
}

}  // namespace cdctl::mojo
