#include "plugins/local/scaling.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/text.hpp>

namespace cdctl::local {

namespace {

constexpr std::int64_t k_most_units = 1000;

Result<> scale_process(RunPlan& plan, const std::string& process, std::int64_t count,
                       const std::function<bool(std::size_t)>& busy) {
  const auto known = std::ranges::find(plan.units, process, &UnitPlan::process);
  if (known == plan.units.end()) {
    const auto counts = counts_of(plan);
    std::vector<std::string> names;
    for (const auto& [name, units] : counts) names.push_back(name);
    return fail(ExitCode::config, fmt::format("it has no process '{}'{}; it was deployed with {}",
                                              printable(process, 60), did_you_mean(process, names),
                                              fmt::join(names, ", ")));
  }
  const auto command = known->command;
  std::vector<std::size_t> used, free;
  for (std::size_t i = 0; i < plan.units.size(); ++i) {
    if (plan.units[i].process != process) continue;
    if (!plan.units[i].vacant)
      used.push_back(i);
    else if (!busy(i))
      free.push_back(i);
  }
  for (; std::ssize(used) > count; used.pop_back()) plan.units[used.back()].vacant = true;
  auto missing = count - std::ssize(used);
  for (const auto i : free) {
    if (missing <= 0) break;
    plan.units[i].vacant = false;
    --missing;
  }
  for (; missing > 0; --missing) plan.units.push_back({process, command});
  return {};
}

}  // namespace

UnitCounts counts_of(const RunPlan& plan) {
  UnitCounts out;
  for (const auto& unit : plan.units) out[unit.process] += unit.vacant ? 0 : 1;
  return out;
}

Result<> scale_plan(RunPlan& plan, const UnitCounts& units,
                    const std::function<bool(std::size_t)>& busy) {
  auto after = counts_of(plan);
  for (const auto& [process, count] : units) after[process] = count;
  std::int64_t sum = 0;
  for (const auto& [process, count] : after) {
    if (count > 1 && plan.keepers.contains(process))
      return fail(ExitCode::config,
                  fmt::format("{} units of {}: there is one of it across the service", count,
                              printable(process, 60)));
    if (count < 0 || count > k_most_units)
      return fail(ExitCode::config, fmt::format("{} units of {}; a set has from 0 to {}", count,
                                                printable(process, 60), k_most_units));
    sum += count;
  }
  if (sum < 1 || sum > k_most_units)
    return fail(ExitCode::config, fmt::format("{} in all; a set has from 1 to {}",
                                              plural(sum, "unit"), k_most_units));
  for (const auto& [process, count] : units) CDCTL_TRY(scale_process(plan, process, count, busy));
  return {};
}

Result<> keep_scale(const SetPaths& paths, const UnitCounts& units) {
  auto kept = Json::object();
  for (const auto& [process, count] : units) kept.set(process, count);
  return write_file_atomically(paths / k_scale, kept.dump() + "\n", 0600);
}

Result<> apply_scale(const SetPaths& paths, RunPlan& plan) {
  CDCTL_TRY_ASSIGN(const auto text, read_file_if_there(paths / k_scale));
  if (!text) return {};
  const auto kept = Json::parse(*text);
  if (!kept) return fail(kept.error().in("reading " + (paths / k_scale).string()));
  const auto known = counts_of(plan);
  UnitCounts units;
  for (const auto& [process, count] : kept->members())
    if (known.contains(process) && count.is_int()) units[process] = count.as_int();
  return scale_plan(plan, units, [](std::size_t) { return false; });
}

}  // namespace cdctl::local
