#include "plugins/mojo/run/runner.hpp"

#include <cmath>
#include <csignal>

#include <sys/resource.h>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "plugins/mojo/run/phases.hpp"

namespace cdctl::mojo {

namespace {

Error stopped() {
  return {Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted, "interrupted"};
}

/// CPU time of this process and of its children that have ended.
Millis cpu_time() {
  Millis sum{};
  for (const int who : {RUSAGE_SELF, RUSAGE_CHILDREN}) {
    struct rusage usage{};
    ::getrusage(who, &usage);
    for (const auto& time : {usage.ru_utime, usage.ru_stime})
      sum += Millis(time.tv_sec * 1000 + time.tv_usec / 1000);
  }
  return sum;
}

Result<bool> dispatch(const StepRun& at) {
  const auto no_stop = [](Result<> done) -> Result<bool> {
    if (!done) return fail(std::move(done.error()));
    return false;
  };
  switch (at.step.kind()) {
    case PhaseKind::collect:
      return no_stop(phase_collect(at));
    case PhaseKind::builddeps:
      return no_stop(phase_builddeps(at));
    case PhaseKind::repo:
      return no_stop(phase_repo(at));
    case PhaseKind::secrets:
      return no_stop(phase_secrets(at));
    case PhaseKind::build:
    case PhaseKind::script:
    case PhaseKind::verify:
      return no_stop(phase_script(at));
    case PhaseKind::deploy:
    case PhaseKind::bundle:
      return no_stop(phase_deploy(at));
    case PhaseKind::sleep:
      return no_stop(pause(*parse_seconds(at.step.config, 0), at.deadline));
    case PhaseKind::nagios_check:
      return no_stop(phase_nagios_check(at));
    case PhaseKind::juju_check_wait:
      return no_stop(phase_check_wait(at));
    case PhaseKind::stop_on:
      return phase_stop_on(at);
    case PhaseKind::include:
      break;
  }
  return fail(fmt::format("phase {} has nothing to run", at.step.rule->name));
}

/// Runs the steps one after the other, and reports how each went.
class Steps {
 public:
  Steps(const Run& run, const Deadline& deadline)
      : run_(run), deadline_(deadline), started_(run.started) {}

  Result<bool> one(const PlannedStep& step) {
    const auto where = step.where();
    run_.host.progress(where);
    if (Stop::requested()) return fail(stopped().in(where));
    if (deadline_.passed())
      return fail(ExitCode::timeout, where + ": the deadline of the deploy passed before it began");
    const auto begun = std::chrono::steady_clock::now();
    const auto cpu = cpu_time();
    std::vector<std::string> tail;
    const StepRun at{step, step.number, run_, deadline_.at_most(step.timeout), started_, tail};
    if (run_.report) {
      auto begins = step_record(step, &run_.mask);
      begins.state = "running";
      begins.time = now();
      run_.report(begins);
    }
    auto done = dispatch(at);
    if (run_.report) run_.report(record(step, done, begun, cpu, tail));
    if (!done) {
      if (!run_.live) {
        for (const auto& line : tail)
          run_.host.log(Level::warning, fmt::format("{}: | {}", where, line));
      }
      return fail(done.error().in(where));
    }
    crash_point("mojo.after-" + std::string(step.rule->name));
    return done;
  }

 private:
  PhaseRecord record(const PlannedStep& step, const Result<bool>& done,
                     std::chrono::steady_clock::time_point begun, Millis cpu,
                     const std::vector<std::string>& tail) const {
    const auto wall =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begun).count();
    auto out = step_record(step, &run_.mask);
    out.state = !done ? "failed" : *done ? "stopped" : "done";
    out.ok = done.has_value();
    out.wall_ms = std::round(wall * 10) / 10;
    out.cpu_ms = (cpu_time() - cpu).count();
    out.time = now();
    if (done) return out;
    out.error = run_.mask.apply(done.error().what);
    out.exit = static_cast<std::int64_t>(done.error().exit);
    out.tail = tail;
    return out;
  }

  const Run& run_;
  const Deadline& deadline_;
  std::vector<Process> started_;
};

}  // namespace

Result<> pause(Millis length, const Deadline& deadline) {
  const Deadline end(length);
  if (!pause_for(length, deadline)) return fail(stopped());
  if (!end.passed()) return fail(ExitCode::timeout, "the deadline passed");
  return {};
}

PhaseRecord step_record(const PlannedStep& step, const Mask* mask) {
  PhaseRecord out;
  out.path = step.path;
  out.line = static_cast<std::int64_t>(step.line);
  out.phase = step.rule->name;
  for (const auto& option : step.options)
    out.options.push_back({option.key, mask ? mask->apply(option.value) : option.value});
  return out;
}

Result<RunEnd> run_steps(const std::vector<PlannedStep>& steps, const Run& run,
                         const Deadline& deadline) {
  Steps all(run, deadline);
  for (const auto& step : steps) {
    CDCTL_TRY_ASSIGN(const bool stop, all.one(step));
    if (stop) return RunEnd::stopped;
  }
  return RunEnd::complete;
}

}  // namespace cdctl::mojo
