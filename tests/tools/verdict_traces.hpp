#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/time.hpp>

namespace verdicts {

/// Signals as a feed would give them, and what is true of the sets they are about.
struct Trace {
  struct Line {
    cdctl::Time received;
    std::string text;
  };
  std::string kind;
  std::uint64_t seed = 0;
  std::vector<Line> lines;                       ///< in the order of their arrival
  std::map<std::string, int> units;              ///< of each set
  std::map<std::string, cdctl::Time> bad_since;  ///< of the bad ones

  [[nodiscard]] bool bad(const std::string& set) const { return bad_since.contains(set); }
};

/// The kinds of traces there are.
[[nodiscard]] const std::vector<std::string_view>& kinds();
/// The same trace for the same kind and seed, on every machine.
[[nodiscard]] Trace make_trace(std::string_view kind, std::uint64_t seed);

}  // namespace verdicts
