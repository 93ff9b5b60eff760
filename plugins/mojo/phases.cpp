#include "phases.hpp"

#include <algorithm>
#include <csignal>

#include <poll.h>

#include <fmt/format.h>

#include <cdctl/process.hpp>

namespace cdctl::mojo {

namespace {

/// Waits as the manifest asks, and ends early when we are asked to stop or the deadline passes.
Result<> pause(Millis length, const Deadline& deadline) {
  const Deadline end(length);
  while (!end.passed()) {
    if (Stop::requested()) return fail(Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted, "interrupted");
    if (deadline.passed()) return fail(ExitCode::timeout, "the deadline of the deploy passed");
    struct pollfd stop {Stop::fd(), POLLIN, 0};
    ::poll(&stop, 1, static_cast<int>(std::min(end.left(), deadline.left()).count()));
  }
  return {};
}

Result<> script(const PlannedStep& step, std::size_t number, const Run& run, const Deadline& deadline) {
  auto env = run.env;
  for (const auto& [name, value] : step.words) env[name] = value;
  return run_script(run.host,
                    {step.phase == step.config ? step.phase : step.phase + " " + step.config, step.file, run.stage.folder(), std::move(env),
                     run.workspace.log / fmt::format("{}-{}.log", number, step.phase), run.workspace.log_file(), deadline},
                    run.mask);
}

Result<> collect(const PlannedStep& step, const Run& run, const Deadline& deadline) {
  std::vector<Problem> problems, warnings;
  const auto lines = load_collect_file(step.file, step.config, problems, warnings);  // again: a script may have edited it
  if (!problems.empty()) return fail(to_error(problems));
  CDCTL_TRY(run.collector.collect(lines, deadline));
  crash_point("mojo.collected");
  return {};
}

Result<> one(const PlannedStep& step, std::size_t number, const Run& run, const Deadline& deadline) {
  switch (step.kind) {
    case PhaseKind::collect: return collect(step, run, deadline.at_most(step.timeout));
    case PhaseKind::sleep: return pause(step.pause, deadline);
    case PhaseKind::deploy: return run.start(step.file, step.config, deadline.at_most(step.timeout));
    case PhaseKind::script:
    case PhaseKind::build:
    case PhaseKind::verify: return script(step, number, run, deadline.at_most(step.timeout));
    case PhaseKind::unsupported: break;
  }
  return fail(fmt::format("phase {} is not supported by this version", step.phase));
}

}  // namespace

Result<> run_plan(const Plan& plan, const Run& run, const Deadline& deadline) {
  std::size_t number = 0;
  for (const auto& step : plan.steps) {
    const auto where = fmt::format("{}:{}: {}{}", plan.manifest, step.line, step.phase, step.config.empty() || step.config == step.phase ? "" : " " + step.config);
    run.host.progress(where);
    if (Stop::requested()) return fail(Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted, where + ": interrupted before it began");
    if (deadline.passed()) return fail(ExitCode::timeout, where + ": the deadline of the deploy passed before it began");
    if (auto done = one(step, ++number, run, deadline); !done) return fail(done.error().in(where));
    crash_point("mojo.after-" + step.phase);
  }
  return {};
}

}  // namespace cdctl::mojo
