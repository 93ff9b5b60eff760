#include "bundle_step.hpp"

namespace cdctl::mojo {

Result<std::vector<Process>> bundle_processes(const StepRun& at, const std::vector<ProcfileEntry>&) {
  return fail(ExitCode::config, "bundles are not read yet: " + at.step.config);
}

}  // namespace cdctl::mojo
