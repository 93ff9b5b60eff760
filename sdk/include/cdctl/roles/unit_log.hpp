#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/guarded.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// One line of what a unit wrote.
struct LogLine {
  std::string unit;           ///< `0`, as in `detail` of the set
  std::string process;        ///< `worker`; empty when it is not known
  std::optional<Time> time;   ///< when it was begun; empty when it is not known
  std::string text;           ///< the unit's own bytes, without the line break
  bool engine = false;        ///< said by the engine about the unit: how it ended, what was lost
  std::int64_t left_out = 0;  ///< bytes of a line that was too long to be given whole
};

struct LogQuery {
  std::vector<std::string> units;    ///< empty = all
  std::optional<Time> since;         ///< leaves out what is known to be older
  std::optional<std::int64_t> tail;  ///< of what is there, only the last lines of each unit
  bool follow = false;               ///< go on until the set is gone; else end at what is there now
};

class UnitLogReader {
 public:
  virtual ~UnitLogReader() = default;
  /// The next lines, oldest first among those of one call, waiting at most `wait` for the first.
  /// Empty = none came.
  [[nodiscard]] Result<std::vector<LogLine>> next(Millis wait) {
    return guarded([&] { return do_next(wait); });
  }
  /// Everything was given; with follow: and the set is gone.
  [[nodiscard]] bool at_end() const {
    return guarded_or(true, [&] { return do_at_end(); });
  }

 protected:
  [[nodiscard]] virtual Result<std::vector<LogLine>> do_next(Millis wait) = 0;
  [[nodiscard]] virtual bool do_at_end() const = 0;
};

}  // namespace cdctl
