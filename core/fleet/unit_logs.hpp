#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/roles/unit_log.hpp>
#include <cdctl/set_name.hpp>

#include "core/app/context.hpp"

namespace cdctl::fleet {

[[nodiscard]] bool is_unit_number(std::string_view text);

/// `thumbs@newest/0`: a selector, and behind a slash a unit by its number or its process.
struct LogSelector {
  std::string set, unit;  ///< unit is empty: all

  [[nodiscard]] static Result<LogSelector> parse(std::string_view text);
  /// Of a line: whether its unit is meant.
  [[nodiscard]] bool wants(const LogLine& line) const;
};

/// The log of a set that is read.
struct OpenLog {
  SetName set;
  std::vector<LogSelector> selectors;  ///< those that mean it
  std::unique_ptr<UnitLogReader> reader;

  [[nodiscard]] bool wants(const LogLine& line) const;
};

/// The logs of all sets that are meant, in the order of the words. A name or prefix also means a
/// set that is reaped, as long as its engine keeps its logs. What cannot be read is reported, and
/// so is a unit that a set does not have.
[[nodiscard]] Result<std::vector<OpenLog>> open_logs(app::Context& context,
                                                     const std::vector<LogSelector>& selectors,
                                                     const LogQuery& query,
                                                     const Deadline& deadline);

}  // namespace cdctl::fleet
