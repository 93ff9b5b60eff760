#include "core/land/freeze.hpp"

#include <fmt/format.h>

#include <cdctl/roles/memory.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "core/config/target.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::land {

Result<std::string> freeze_name(const std::string& target) {
  auto out = "target-" + target;
  if (valid_service_name(out)) return out;
  return fail(ExitCode::usage,
              fmt::format("the name {} is too long to be held; say frozen = \"why\" in its file",
                          printable(target, 60)));
}

Result<std::string> frozen(app::Context& context, const TargetConfig& target,
                           const Deadline& deadline) {
  if (!target.frozen.empty())
    return fmt::format("{} (says targets.d/{})", printable(target.frozen, 120),
                       target.file.filename().string());
  const auto name = freeze_name(target.name);
  if (!name) return std::string();  // nobody can have held it
  CDCTL_TRY_ASSIGN(auto* const memory, context.memory(context.memory_name()));
  CDCTL_TRY(memory->read(*name, deadline));  // as it is now, not as it was an hour ago
  CDCTL_TRY_ASSIGN(const auto hold, fleet::hold_of(*memory, *name, deadline));
  if (!hold) return std::string();
  return fmt::format("{}; cdctl resume --target {} ends it", fleet::held_text(*hold), target.name);
}

Result<TargetConfig> read_again(app::Context& context, const TargetConfig& target) {
  config::Problems problems;
  auto fresh = config::read_target(target.file, context.plugin_host(),
                                   context.config().file.parent_path(), problems);
  if (!problems.empty()) return fail(std::move(problems.front()));
  return fresh;
}

}  // namespace cdctl::land
