#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/plugins/host.hpp"

namespace cdctl::cli {

struct ManualPage {
  std::string name;  ///< `cdctl-deploy`
  std::string text;  ///< roff
};

/// cdctl(1), a page for each command, and one for each plugin that has commands (their rows are
/// read already). Made from the rows that help is made from. `date`: of the version, YYYY-MM-DD, or
/// empty.
[[nodiscard]] std::vector<ManualPage> manual_pages(std::span<const plugins::PluginInfo> plugins,
                                                   std::string_view version, std::string_view date);

}  // namespace cdctl::cli
