#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <cdctl/roles/unit_log.hpp>
#include <cdctl/set_name.hpp>

namespace cdctl::cli {

/// Lines of logs for people: each behind the name of its unit, which has a colour of its own. What
/// a unit writes is shown and never obeyed: control characters are escaped.
class LogPrinter {
 public:
  struct Look {
    bool colour = false;
    bool times = false;
    bool sets = false;      ///< of several sets: their revisions stand before the units
    bool services = false;  ///< and their services
    bool plain = false;     ///< of one unit: nothing stands before its lines
  };
  explicit LogPrinter(Look look) : look_(look) {}

  /// A line that comes soon: its unit's name fits the column from now on.
  void make_room(const SetName& set, const LogLine& line);
  /// The line with its end.
  [[nodiscard]] std::string print(const SetName& set, const LogLine& line);

 private:
  [[nodiscard]] std::string name_of(const SetName& set, const LogLine& line) const;

  Look look_;
  std::vector<std::string> names_;  ///< in the order in which they first spoke
  std::size_t width_ = 0;
};

}  // namespace cdctl::cli
