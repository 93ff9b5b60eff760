#pragma once

#include <map>
#include <string>

#include <cdctl/host.hpp>
#include <cdctl/time.hpp>

#include "plugins/mojo/spec/workspace.hpp"
#include "plugins/mojo/text/mask.hpp"

namespace cdctl::mojo {

/// A run that an installed `mojo` does for us (`runner = "mojo"`).
struct ExternalRun {
  Host& host;
  Identity identity;
  const Workspace& workspace;
  std::string manifest;
  std::map<std::string, std::string> env;
  Mask mask;
};

/// Runs `mojo -r ROOT run --project P --series S --stage ST -m MANIFEST SPEC WORKSPACE` on our
/// checkout of the spec and waits for it. Exit code `config` when no mojo is on PATH, or no series
/// is configured.
[[nodiscard]] Result<> run_external(const ExternalRun& run, const Deadline& deadline);

}  // namespace cdctl::mojo
