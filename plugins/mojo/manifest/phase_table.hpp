#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace cdctl::mojo {

enum class PhaseKind {
  collect,
  builddeps,
  build,
  repo,
  secrets,
  script,
  verify,
  deploy,
  bundle,
  sleep,
  nagios_check,
  juju_check_wait,
  stop_on,
  include,
};

enum class OptionType {
  file,         ///< a file of the spec, looked for in the stage and above
  secret_file,  ///< a file below ROOT/LOCAL/PROJECT/STAGE
  seconds,      ///< a whole number of seconds, at most a week
  flag,         ///< True or False
  number,       ///< 0 to 255, an exit status
  text,
};

/// Where the meaning of a phase or an option comes from: Mojo's own texts and users, or us where
/// those are silent.
enum class Origin { mojo, ours };

struct OptionRule {
  std::string_view name;
  OptionType type;
  Origin origin;
  std::string_view summary;
};

/// One phase: the checks, `cdctl mojo phases` and the manual's table are made from this row.
struct PhaseRule {
  std::string_view name;
  PhaseKind kind;
  std::string_view
      default_file;  ///< of `config` when the line has none; empty: the line must have one
  bool words;        ///< NAME=value words go to its script's environment
  std::span<const OptionRule> options;
  std::string_view summary;
};

/// In the order of a usual manifest.
[[nodiscard]] std::span<const PhaseRule> phase_rules();
/// nullptr for a word that is not a phase.
[[nodiscard]] const PhaseRule* phase_rule(std::string_view name);
[[nodiscard]] const OptionRule* option_rule(const PhaseRule& phase, std::string_view name);
/// Whether the phase runs an executable of the spec.
[[nodiscard]] bool runs_script(PhaseKind kind);
[[nodiscard]] std::string_view to_string(OptionType type);

/// `'delpoy' is no phase; did you mean deploy?`, or with all phases when none is near.
[[nodiscard]] std::string unknown_phase(std::string_view word);
/// `phase sleep has no option 'cofnig'; did you mean config?`, or with all its options.
[[nodiscard]] std::string unknown_option(const PhaseRule& phase, std::string_view key);

}  // namespace cdctl::mojo
