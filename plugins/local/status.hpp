#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/time.hpp>

#include "plugins/local/procfs.hpp"

namespace cdctl::local {

/// `leaving`: scaled away, and its processes finish what they do; `vacant`: and they are gone.
/// `waiting`: of what the service runs one, another set has it.
enum class UnitState { up, backoff, frozen, exited, leaving, vacant, waiting };
[[nodiscard]] std::string_view to_string(UnitState state);

struct UnitStatus {
  std::string process;
  UnitState state = UnitState::exited;
  ProcessId id;  ///< pid 0: not started
  Time since{};  ///< of this state
  std::int64_t restarts = 0;
  std::string last_exit;  ///< `exit status 1`, `signal 9`; empty before the first

  [[nodiscard]] bool wanted() const {
    return state != UnitState::leaving && state != UnitState::vacant;
  }
};

/// What the supervisor saw last. Lines of text and no JSON, since it is read for each set of every
/// `ls` and written by a program that shall stay small.
struct Status {
  ProcessId supervisor;
  bool frozen = false;  ///< all of it stands still
  bool stopping = false;
  bool lived = false;         ///< a unit was up for ten minutes on end: this was no crash loop
  std::optional<Time> until;  ///< stopping: when what is left is killed
  std::string cgroup;         ///< empty: none
  std::vector<UnitStatus> units;
  std::string warning = {};  ///< what its units go without: limits that are not in force

  /// Units up; those frozen where they ran count.
  [[nodiscard]] std::int64_t up() const;
  /// Units that are wanted: all but those that were scaled away, that wait for their turn, and what
  /// runs before there are any.
  [[nodiscard]] std::int64_t want() const;
  /// Units that wait for their turn.
  [[nodiscard]] std::int64_t waiting() const;
  /// Both by process type; 0 of one of which all were scaled away.
  [[nodiscard]] std::map<std::string, std::int64_t> processes() const;
};

/// `last_exit` of a process that ended well.
inline constexpr std::string_view k_ended_well = "exit status 0";

[[nodiscard]] std::string to_text(const Status& status);
[[nodiscard]] std::optional<Status> parse_status(std::string_view text);

}  // namespace cdctl::local
