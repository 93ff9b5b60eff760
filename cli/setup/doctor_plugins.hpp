#pragma once

#include <string>
#include <vector>

#include <cdctl/roles.hpp>

#include "cli/output/context.hpp"

namespace cdctl::cli {

struct ExaminedPlugin {
  std::string plugin;
  std::vector<Check> checks;
};

/// The plugins that are refused, and why. Runs no code of theirs.
[[nodiscard]] std::vector<ExaminedPlugin> look_at_plugins(Context& context);

/// Asks the doctors of the plugins that the configuration has a use for, all at once, each in a
/// process of its own. One that says nothing by the deadline, or dies, becomes a check of its own.
[[nodiscard]] std::vector<ExaminedPlugin> ask_doctors(Context& context, Millis timeout);

}  // namespace cdctl::cli
