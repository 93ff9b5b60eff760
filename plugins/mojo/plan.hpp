#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

#include "collect_file.hpp"
#include "manifest.hpp"
#include "procfile.hpp"
#include "stage.hpp"
#include "variables.hpp"

namespace cdctl::mojo {

/// One phase, ready to run.
struct PlannedStep {
  std::size_t line = 0;
  std::string phase;
  PhaseKind kind = PhaseKind::unsupported;
  std::string config;                        ///< the name as it was asked for
  std::filesystem::path file;                ///< where it was found
  std::map<std::string, std::string> words;  ///< NAME=value of the line, for its script
  Millis timeout = std::chrono::minutes(30);
  Millis pause{};                            ///< of a sleep phase
};

struct Plan {
  std::string manifest;                      ///< as people know it: relative to the spec
  std::vector<PlannedStep> steps;
  std::vector<Problem> warnings;
};

/// Where a plan looks for things.
struct PlanPlaces {
  const Stage& stage;
  std::filesystem::path trunk;               ///< checkout of the trunk; empty when there is none
  Lookup variables;                          ///< for ${NAME} in option values
};

/// Reads the manifest `name` and checks all of it before anything runs: grammar, phases, options, variables, and that
/// every file it names is there, fits its phase (executable, with a known interpreter; a readable collect file; a
/// Procfile). The error tells all problems at once.
[[nodiscard]] Result<Plan> make_plan(const PlanPlaces& places, const std::string& name);

/// The entries of a Procfile on disk, `shown` in messages.
[[nodiscard]] std::vector<ProcfileEntry> load_procfile(const std::filesystem::path& file, const std::string& shown, std::vector<Problem>& problems);
[[nodiscard]] std::vector<CollectLine> load_collect_file(const std::filesystem::path& file, const std::string& shown,
                                                         std::vector<Problem>& problems, std::vector<Problem>& warnings);

}  // namespace cdctl::mojo
