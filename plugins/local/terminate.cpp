#include "plugins/local/terminate.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "plugins/local/main_processes.hpp"
#include "plugins/local/paths.hpp"

namespace cdctl::local {

namespace {

/// Those of one unit: of its session, or started with its name.
std::vector<ProcessInfo> processes_of(const UnitStatus& unit, std::size_t index,
                                      const std::string& set,
                                      const std::vector<ProcessInfo>& members) {
  const auto unit_line = fmt::format("CDCTL_UNIT={}", unit_name(index, unit.process));
  const auto set_line = fmt::format("{}={}", k_set_variable, set);
  std::vector<ProcessInfo> out;
  std::ranges::copy_if(members, std::back_inserter(out), [&](const ProcessInfo& process) {
    return (unit.id.pid > 0 && process.session == unit.id.pid) ||
           has_in_environment(process.pid, unit_line, set_line);
  });
  return out;
}

}  // namespace

void terminate_units(const ProcessTracker& tracker, const std::optional<Status>& status,
                     const Grace& grace) {
  const auto units = status ? status->units : std::vector<UnitStatus>();
  std::vector<ProcessInfo> members;
  std::set<pid_t> spared;
  for (std::size_t i = 0; i < units.size(); ++i) {
    if (!grace.way_of(units[i].process).main_only) continue;
    if (members.empty()) members = tracker.members();
    const auto own = processes_of(units[i], i, tracker.record().set, members);
    for (const auto& process : own) spared.insert(process.pid);
    for (const auto& process : main_processes(own)) spared.erase(process.pid);
  }
  tracker.terminate([&](const ProcessInfo& process) { return spared.contains(process.pid); });
}

}  // namespace cdctl::local
