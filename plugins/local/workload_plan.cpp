#include "plugins/local/workload_plan.hpp"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "plugins/local/fence.hpp"

namespace cdctl::local {

namespace {

constexpr std::int64_t k_most_units = 1000;

bool valid_variable(std::string_view name) {
  return !name.empty() && std::ranges::none_of(name, [](char c) {
    return c == '=' || static_cast<unsigned char>(c) <= ' ';
  });
}

bool valid_type(std::string_view type) {
  return !type.empty() && type.size() <= 64 && std::ranges::all_of(type, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
  });
}

std::map<std::string, std::string> clean_environment() {
  std::map<std::string, std::string> out{{"PATH", "/usr/local/bin:/usr/bin:/bin"}};
  for (const char* name :
       {"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR"}) {
    if (const char* value = std::getenv(name)) out[name] = value;
  }
  return out;
}

Result<> add_units(RunPlan& plan, const Process& process) {
  if (!valid_type(process.type))
    return fail(fmt::format("'{}' is no name for a process", printable(process.type, 70)));
  if (process.command.empty() || process.command.contains('\0'))
    return fail(fmt::format("process {} has no usable command", process.type));
  if (process.units < 0 ||
      process.units + static_cast<std::int64_t>(plan.units.size()) > k_most_units) {
    return fail(fmt::format("process {}: {} units; a set has at most {}", process.type,
                            process.units, k_most_units));
  }
  plan.units.insert(plan.units.end(), static_cast<std::size_t>(process.units),
                    UnitPlan{process.type, process.command});
  return {};
}

}  // namespace

Result<RunPlan> plan_for(const SetName& set, const std::string& home_id, const Workload& workload) {
  const auto context = "starting " + set.str();
  RunPlan plan{set.str(),
               home_id,
               std::filesystem::absolute(workload.directory).string(),
               {},
               clean_environment()};
  std::error_code error;
  if (!std::filesystem::is_directory(plan.directory, error)) {
    return fail(fmt::format("{}: the working directory {} is not there", context, plan.directory));
  }
  for (const auto& process : workload.processes) {
    if (auto added = add_units(plan, process); !added) return fail(added.error().in(context));
  }
  if (plan.units.empty())
    return fail(context + ": no unit to start; check the Procfile and `units` of the service");
  for (const auto& [name, value] : workload.env) {
    if (!valid_variable(name))
      return fail(fmt::format("{}: '{}' is no name of a variable", context, printable(name, 70)));
    if (value.contains('\0'))
      return fail(fmt::format("{}: the variable {} holds a NUL", context, name));
    plan.env[name] = value;
  }
  return plan;
}

}  // namespace cdctl::local
