#include "plugins/mojo/run/external.hpp"

#include <fmt/format.h>

#include <cdctl/child.hpp>

#include "plugins/mojo/run/script.hpp"

namespace cdctl::mojo {

Result<> run_external(const ExternalRun& run, const Deadline& deadline) {
  const auto& who = run.identity;
  if (!find_program("mojo"))
    return fail(
        ExitCode::config,
        "mojo.runner says mojo, but no program mojo is on PATH; install it or leave runner out");
  if (who.series.empty())
    return fail(ExitCode::config, "mojo.runner says mojo, which needs mojo.series");
  std::vector<std::string> argv{"mojo",      "-r",        who.root.string(), "run",
                                "--project", who.project, "--series",        who.series};
  if (!who.stage.empty()) argv.insert(argv.end(), {"--stage", who.stage});
  argv.insert(argv.end(), {"-m", run.manifest, run.workspace.spec.string(), who.workspace});
  const Script script{
      "mojo run", std::move(argv), run.workspace.root, run.env, {run.workspace.log_file()},
      {},         deadline};
  const auto live = [&](std::string_view line) {
    run.host.progress(fmt::format("mojo: {}", line));
  };
  CDCTL_TRY_ASSIGN(const auto end, run_script(run.host, script, run.mask, live));
  if (auto done = script_result(end, script); !done)
    return fail(done.error().in("the installed mojo"));
  return {};
}

}  // namespace cdctl::mojo
