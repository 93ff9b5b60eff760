#include "plugins/local/supervise/unit_limits.hpp"

#include <algorithm>
#include <cerrno>
#include <thread>
#include <vector>

#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/text.hpp>
#include <cdctl/time.hpp>

namespace cdctl::local {

namespace {

constexpr Millis k_alone(1000), k_look(20);

/// Whether this process is the only one in the cgroup itself. Whoever started us may be on its way
/// out still.
bool alone_in(const Cgroup& cgroup) {
  const auto own = ::getpid();
  const Deadline patience(k_alone);
  for (;;) {
    const auto there = cgroup.own_members();
    if (std::ranges::all_of(there, [&](pid_t pid) { return pid == own; })) return true;
    if (patience.passed()) return false;
    std::this_thread::sleep_for(k_look);
  }
}

/// Has the kernel count for what is below `parent`, where it does not do so yet.
Result<> open_parent(const Cgroup& parent, const Cgroup& aside,
                     const std::vector<std::string>& controllers) {
  const auto given = parent.controllers();
  for (const auto& controller : controllers)
    if (std::ranges::find(given, controller) == given.end())
      return fail(fmt::format("the kernel gives the cgroup {} no controller '{}'",
                              parent.path().string(), controller));
  const auto below = parent.delegated();
  if (std::ranges::all_of(controllers, [&](const std::string& controller) {
        return std::ranges::find(below, controller) != below.end();
      }))
    return {};
  if (!parent.is_root()) {
    if (!alone_in(parent))
      return fail(fmt::format("other processes are in the cgroup {}, too", parent.path().string()));
    CDCTL_TRY(aside.create());
    CDCTL_TRY_ASSIGN(const auto entrance, aside.entrance());
    if (::write(entrance.get(), "0", 1) != 1)
      return fail(
          fmt::format("entering the cgroup {}: {}", aside.path().string(), errno_text(errno)));
  }
  return parent.delegate(controllers);
}

}  // namespace

Result<> UnitLimits::begin(const std::filesystem::path& parent, const Cgroup& set,
                           std::map<std::string, UnitLimit> limits) {
  std::vector<std::string> controllers;
  if (std::ranges::any_of(limits, [](const auto& one) { return one.second.memory > 0; }))
    controllers.emplace_back("memory");
  if (std::ranges::any_of(limits, [](const auto& one) { return one.second.cpu > 0; }))
    controllers.emplace_back("cpu");
  if (controllers.empty()) return {};
  CDCTL_TRY(open_parent(Cgroup(parent), set.supervisors(), controllers));
  CDCTL_TRY(set.delegate(controllers));
  set_ = set.path();
  limits_ = std::move(limits);
  in_force_ = true;
  return {};
}

UnitLimit UnitLimits::of(const std::string& process) const {
  const auto at = limits_.find(process);
  return at == limits_.end() ? UnitLimit{} : at->second;
}

Cgroup UnitLimits::cgroup_of(std::size_t unit) const {
  return Cgroup(set_ / ("unit-" + std::to_string(unit)));
}

Result<Fd> UnitLimits::entrance(std::size_t unit, const std::string& process) const {
  const auto cgroup = cgroup_of(unit);
  CDCTL_TRY(cgroup.create());
  CDCTL_TRY(cgroup.limit(of(process)));
  return cgroup.entrance();
}

std::int64_t UnitLimits::oom_kills(std::size_t unit) const {
  return in_force_ ? cgroup_of(unit).oom_kills() : 0;
}

std::string UnitLimits::oom_text(const std::string& process) const {
  const auto memory = of(process).memory;
  return memory == 0 ? std::string("out of memory")
                     : fmt::format("out of memory, its limit is {}M", memory >> 20);
}

}  // namespace cdctl::local
