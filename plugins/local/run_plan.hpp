#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/grace.hpp>
#include <cdctl/release.hpp>
#include <cdctl/unit_limit.hpp>

namespace cdctl::local {

struct UnitPlan {
  std::string process;  ///< `worker`
  std::string command;  ///< for `/bin/sh -c`
  bool vacant = false;  ///< scaled away: nothing runs by this number
};

/// By process type: the words of its keeper (singleton.hpp).
using KeeperPlans = std::map<std::string, std::vector<std::string>>;

/// What a supervisor is to run. The file `run` holds it, 0600, since the environment holds secrets:
/// strings, each ended by a NUL, which no environment and no command can contain.
struct RunPlan {
  std::string set, home_id;
  std::string directory;        ///< working directory of the units
  std::vector<UnitPlan> units;  ///< the place is the unit's number, which it keeps for ever
  std::map<std::string, std::string>
      env;      ///< the whole environment of the units, but for what each has of its own
  Grace grace;  ///< of units that end without being told how long they have
  std::map<std::string, UnitLimit> limits = {};  ///< by process type
  KeeperPlans keepers = {};  ///< of process types that only one set of the service runs

  /// Whether it is no units, but what a revision runs once before them.
  [[nodiscard]] bool once() const {
    return units.size() == 1 && units.front().process == k_release;
  }
};

[[nodiscard]] std::string to_text(const RunPlan& plan);
[[nodiscard]] std::optional<RunPlan> parse_run_plan(std::string_view text);

}  // namespace cdctl::local
