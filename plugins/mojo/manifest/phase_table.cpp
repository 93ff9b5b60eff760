#include "plugins/mojo/manifest/phase_table.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace {

constexpr OptionRule k_timeout{"timeout", OptionType::seconds, Origin::ours,
                               "seconds that the phase may take, 1800 by default"};
constexpr OptionRule k_lxc{"lxc", OptionType::flag, Origin::mojo,
                           "whether it runs in a container; always on this machine here"};

constexpr std::array k_collect{
    OptionRule{"config", OptionType::file, Origin::mojo, "the collect file"},
    OptionRule{"locked", OptionType::flag, Origin::ours, "take the revisions of CONFIG.lock"},
    k_timeout};
constexpr std::array k_builddeps{
    OptionRule{"config", OptionType::file, Origin::ours, "names of Debian packages"},
    OptionRule{"install", OptionType::flag, Origin::ours,
               "install what is missing, as root or with sudo"},
    k_timeout};
constexpr std::array k_script{
    OptionRule{"config", OptionType::file, Origin::mojo, "the executable"}, k_lxc, k_timeout};
constexpr std::array k_repo{
    OptionRule{"config", OptionType::file, Origin::mojo, "names of collected charms, one a line"},
    k_timeout};
constexpr std::array k_secrets{k_timeout};
constexpr std::array k_deploy{
    OptionRule{"config", OptionType::file, Origin::mojo,
               "a juju-deployer file, a bundle or a Procfile"},
    OptionRule{"target", OptionType::text, Origin::mojo,
               "the deployment inside a juju-deployer file"},
    OptionRule{"delay", OptionType::seconds, Origin::mojo,
               "seconds to pause once the units were started"},
    OptionRule{"wait", OptionType::flag, Origin::mojo, "wait until all units are steady"},
    OptionRule{"local", OptionType::secret_file, Origin::ours, "an overlay among the secrets"},
    OptionRule{"timeout", OptionType::seconds, Origin::mojo,
               "seconds that the phase may take, 2700 by default"}};
constexpr std::array k_bundle{
    OptionRule{"config", OptionType::file, Origin::mojo, "the bundle, or a template of one"},
    OptionRule{"local", OptionType::secret_file, Origin::mojo, "an overlay among the secrets"},
    OptionRule{"max-wait", OptionType::seconds, Origin::mojo,
               "wait so long for the units to be steady"},
    OptionRule{"wait", OptionType::flag, Origin::ours,
               "whether to wait; True when max-wait is given"},
    k_timeout};
constexpr std::array k_sleep{OptionRule{"config", OptionType::seconds, Origin::mojo, "how long"}};
constexpr std::array k_nagios{OptionRule{"config", OptionType::file, Origin::ours,
                                         "an NRPE file whose commands are run on this machine"},
                              k_timeout};
constexpr std::array k_wait{OptionRule{"max-wait", OptionType::seconds, Origin::ours,
                                       "fail after so long, 1800 by default"},
                            OptionRule{"steady", OptionType::seconds, Origin::ours,
                                       "how long all units must have been up, 15 by default"},
                            k_timeout};
constexpr std::array k_stop{
    OptionRule{"config", OptionType::file, Origin::ours, "the executable that is asked"},
    OptionRule{"return-code", OptionType::number, Origin::ours,
               "the exit status that ends the run, 99 by default"},
    k_lxc, k_timeout};
constexpr std::array k_include{
    OptionRule{"config", OptionType::file, Origin::ours, "another manifest of the spec"}};

constexpr std::array k_phases{
    PhaseRule{"collect", PhaseKind::collect, "collect", false, k_collect,
              "fetches what a collect file lists into the build folder"},
    PhaseRule{"builddeps", PhaseKind::builddeps, "builddeps", false, k_builddeps,
              "checks, or installs, the packages that the build needs"},
    PhaseRule{"build", PhaseKind::build, "build", true, k_script,
              "runs an executable that makes what will be deployed"},
    PhaseRule{"repo", PhaseKind::repo, "repo", false, k_repo,
              "copies collected charms to the charm repository"},
    PhaseRule{"secrets", PhaseKind::secrets, "", false, k_secrets,
              "copies the project's secrets to the workspace, as every run does first"},
    PhaseRule{"script", PhaseKind::script, "script", true, k_script,
              "runs an executable of the spec"},
    PhaseRule{"verify", PhaseKind::verify, "verify", true, k_script,
              "runs an executable that tests what was deployed"},
    PhaseRule{"deploy", PhaseKind::deploy, "Procfile", false, k_deploy,
              "starts the units of a juju-deployer file or a Procfile"},
    PhaseRule{"bundle", PhaseKind::bundle, "bundle", false, k_bundle,
              "starts the units of a Juju bundle"},
    PhaseRule{"sleep", PhaseKind::sleep, "", false, k_sleep, "waits so many seconds"},
    PhaseRule{"nagios-check", PhaseKind::nagios_check, "", false, k_nagios,
              "fails when a unit, or a check of an NRPE file, is bad"},
    PhaseRule{"juju-check-wait", PhaseKind::juju_check_wait, "", false, k_wait,
              "waits until all units are steady"},
    PhaseRule{"stop-on", PhaseKind::stop_on, "stop-on", true, k_stop,
              "ends the run without failing when its executable says so"},
    PhaseRule{"include", PhaseKind::include, "", true, k_include,
              "puts the lines of another manifest in this place"},
};

template <class Rows>
std::string hint(std::string_view word, const Rows& rows, std::string_view what) {
  std::vector<std::string> names;
  for (const auto& row : rows) names.emplace_back(row.name);
  auto close = did_you_mean(word, names);
  return close.empty() ? fmt::format("; {}: {}", what, joined(names, " ")) : close;
}

}  // namespace

std::span<const PhaseRule> phase_rules() { return k_phases; }

const PhaseRule* phase_rule(std::string_view name) {
  const auto at = std::ranges::find(k_phases, name, &PhaseRule::name);
  return at == k_phases.end() ? nullptr : &*at;
}

const OptionRule* option_rule(const PhaseRule& phase, std::string_view name) {
  const auto at = std::ranges::find(phase.options, name, &OptionRule::name);
  return at == phase.options.end() ? nullptr : &*at;
}

bool runs_script(PhaseKind kind) {
  return kind == PhaseKind::build || kind == PhaseKind::script || kind == PhaseKind::verify ||
         kind == PhaseKind::stop_on;
}

std::string_view to_string(OptionType type) {
  switch (type) {
    case OptionType::file:
      return "FILE";
    case OptionType::secret_file:
      return "SECRET-FILE";
    case OptionType::seconds:
      return "SECONDS";
    case OptionType::flag:
      return "True|False";
    case OptionType::number:
      return "NUMBER";
    case OptionType::text:
      return "TEXT";
  }
  return "";
}

std::string unknown_phase(std::string_view word) {
  return fmt::format("'{}' is no phase{}", printable(word, 60), hint(word, k_phases, "phases are"));
}

std::string unknown_option(const PhaseRule& phase, std::string_view key) {
  auto text = fmt::format("phase {} has no option '{}'{}", phase.name, printable(key, 60),
                          hint(key, phase.options, "its options are"));
  if (phase.words && !text.contains("did you mean"))
    text += ", and NAME=value in capitals for its environment";
  return text;
}

}  // namespace cdctl::mojo
