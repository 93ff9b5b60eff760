#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/grace.hpp>
#include <cdctl/json.hpp>
#include <cdctl/min_live.hpp>
#include <cdctl/source.hpp>
#include <cdctl/target.hpp>
#include <cdctl/time.hpp>
#include <cdctl/unit_limit.hpp>

namespace cdctl {

/// Whose engine, memory and feed serve where a configuration names nobody else: what is embedded in
/// the machine that cdctl runs on. And who makes a set of a revision then.
inline constexpr const char* k_embedded = "local";
inline constexpr const char* k_default_deployer = "mojo";

/// One entry of a service's `[sources]`.
struct SourceConfig {
  std::string service;
  std::string name;  ///< trunk, spec, config, …
  std::string kind;  ///< git, bzr, file
  std::string
      url;  ///< the value of the kind's key; a relative file is resolved to the config's folder
  Json options = Json::object();  ///< the other keys (`branch`, `tag`), already checked against the
                                  ///< plugin's list
};

struct ReaperPolicy {
  std::int64_t keep = 2;
  Millis min_age = std::chrono::hours(1);
  Millis prove_for = std::chrono::hours(24);
  Millis cut_grace = std::chrono::hours(1);  ///< how long a cut set that is not the newest is kept
  Millis failed_grace = std::chrono::minutes(30);  ///< the same for sets that never served
  std::int64_t max_reaps = 10;
};

/// How long a process may take to end after TERM, in the service's file: `"30s"`, or `"until done,
/// at most 2h"`.
struct StopTimeout {
  Millis most{};
  bool until_done = false;  ///< nobody waits for it: a reap tells it to end, a later one removes it
};

/// Between which numbers `want` proposes units of a process, and how calmly.
struct ScaleBounds {
  std::int64_t min = 1, max = 1;
  std::vector<std::string> queues;           ///< whose work it does; empty = all of the service
  Millis drain = std::chrono::minutes(5);    ///< by then what waits shall be done
  Millis settle = std::chrono::minutes(10);  ///< fewer units only when fewer were enough so long
};

/// The second signal of a stop: `"QUIT after 30s"`.
struct StopAgain {
  int signal = 0;
  Millis after{};
};

/// A file of services.d, checked.
struct ServiceConfig {
  std::string name;
  std::filesystem::path file;
  std::string engine = k_embedded;
  std::string deployer = k_default_deployer;
  std::vector<std::string>
      switches;  ///< in the order of a cut: broker switches first, the engine last
  std::map<std::string, std::int64_t> units;  ///< process type → wanted units; empty = one of each
  std::map<std::string, StopTimeout> stop_timeouts;  ///< by process type
  std::map<std::string, ScaleBounds> scale;          ///< by process type
  std::map<std::string, UnitLimit> limits;           ///< by process type
  /// By process type; "" = of those that are not named. True: TERM to the main process alone.
  std::map<std::string, bool> stop_main;
  std::map<std::string, StopAgain> stop_again;  ///< the same
  std::vector<SourceConfig> sources;
  MinLive min_live;
  std::int64_t max_sets =
      10;  ///< sets that exist, cut ones left out; outdated offers none beyond. 0 = no bound
  Millis max_verdict_age = std::chrono::minutes(5);
  bool accept_loss = false;
  std::vector<std::string> rules;
  /// So long an older set may give back what a newer one takes: revisions overlap.
  Millis overlap = std::chrono::hours(1);
  ReaperPolicy reaper;
  Json table;                     ///< the whole file, for the plugins' own tables
  Json shaping = Json::object();  ///< what the plugins' keys say of its identity, by name there

  [[nodiscard]] bool has_switch(std::string_view name) const;
  /// What its processes get between TERM and KILL, and how they are told.
  [[nodiscard]] Grace grace() const;
  /// The implied source `service`: SHA-256 over engine, deployer, limits of units, and the
  /// keys of plugins that shape a deployment. How many units there are is no part of it: that is
  /// changed in place.
  [[nodiscard]] SourceState shape() const;
  /// Process types of which only one set of the service runs one: `across = "service"`.
  [[nodiscard]] std::set<std::string> singletons() const;
};

/// The configuration that was found: cdctl.toml, and services.d and targets.d beside it.
struct Config {
  std::filesystem::path file;
  bool trusted =
      false;   ///< the user's, the system's or named by --config; else found by walking up
  Json table;  ///< the whole of cdctl.toml
  std::vector<ServiceConfig> services;  ///< sorted by name
  std::map<std::string, Error>
      broken;  ///< services whose own file cannot be used: one team's slip stops no other team

  std::vector<TargetConfig> targets;  ///< sorted by name
  std::map<std::string, Error> broken_targets;

  [[nodiscard]] const ServiceConfig* service(std::string_view name) const;
  [[nodiscard]] const TargetConfig* target(std::string_view name) const;
};

/// A secret that a table names by `<key>_file`, `<key>_env` or `<key>_command` (an array of words,
/// trusted configuration only). Empty optional when none of the three is there. Exit code `config`;
/// never holds the secret.
[[nodiscard]] Result<std::optional<std::string>> read_secret(const Json& table,
                                                             std::string_view key,
                                                             const Config& config);

}  // namespace cdctl
