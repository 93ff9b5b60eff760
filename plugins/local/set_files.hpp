#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/process_tracker.hpp"
#include "plugins/local/status.hpp"

namespace cdctl::local {

/// Values of the file `frozen`: a cut has begun, is complete, is being mended. Between the two ends
/// nobody knows.
constexpr std::string_view k_cut_asked = "asked";
constexpr std::string_view k_cut_done = "done";
constexpr std::string_view k_cut_mending = "mending";

/// What the files of a set's folder say, read in one go, without a lock and without its supervisor.
struct SetFiles {
  bool there = false;    ///< the folder
  Json record;           ///< set.json; null when absent
  bool claimed = false;  ///< someone else deploys or reaps it now
  bool alive = false;    ///< the supervisor
  bool finished = false, served = false, reaping = false;
  std::optional<Status> status;
  std::string frozen;  ///< content of the file; empty when absent
  Json attempts;

  /// An empty folder that a killed claim or destroy left behind: no set.
  [[nodiscard]] bool debris() const { return record.is_null() && !claimed && !alive && !reaping; }
  [[nodiscard]] bool live() const {
    return finished && alive && (!status || status->up() > 0 || status->waiting() > 0);
  }
};

/// Exit code `unknown` when the folder is there and cannot be read. `ours`: we hold the claim
/// ourselves.
[[nodiscard]] Result<SetFiles> read_set(const SetPaths& paths, bool ours = false);
[[nodiscard]] SetStatus to_set_status(const SetName& name, const SetFiles& files,
                                      const std::string& home);

/// Why not all units are up, where it is nobody's wish: how one has ended, and its last words; or
/// why the deploy failed. Empty when there is nothing to say.
[[nodiscard]] std::string why_down(const SetPaths& paths, const SetFiles& files);

/// The last lines that a unit itself has begun at `since` or later.
[[nodiscard]] std::vector<std::string> said_since(const SetPaths& paths, std::string_view unit,
                                                  Time since);

/// The file `fence`. Empty when absent: nothing was started, or all is proven gone. One that is
/// damaged (it may stem from before a crash of the machine) comes without a set and a boot.
[[nodiscard]] Result<std::optional<TrackerRecord>> read_tracker(const SetPaths& paths);

/// The units for `describe`: where each stands, and the last ten lines of its log.
[[nodiscard]] Json units_detail(const SetPaths& paths, const Status& status);

}  // namespace cdctl::local
