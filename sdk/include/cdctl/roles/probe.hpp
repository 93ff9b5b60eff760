#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <cdctl/config.hpp>
#include <cdctl/guarded.hpp>
#include <cdctl/json.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// A set that came after another one of its service, and is live and uncut.
struct NewerSet {
  SetName set;
  bool proven = false;
};

/// One set to be looked at.
struct ProbeTarget {
  const ServiceConfig& service;
  SetName set;
  std::string home;                  ///< of its engine
  std::optional<std::int64_t> want;  ///< units
  std::optional<bool> cut;
  bool locked_out = false;           ///< what provision() makes is gone: none of its units gets in
  std::vector<NewerSet> newer = {};  ///< than it
};

/// Looks at sets from outside and gives signals about them: bad ones, and good ones with counts
/// (severity `info`), so that rates have a denominator.
class Probe {
 public:
  virtual ~Probe() = default;
  /// Flat `cdctl.signal/1` records without `id`, `time` and `received`. `memory` is what this probe
  /// wrote into it at its last look (counters, from which rates are made), null at the first. When
  /// nothing could be asked it is an error (exit code `unknown`) and no signal; a single set that
  /// could not be asked may be a `warning` signal named `PROBE/unknown`.
  [[nodiscard]] Result<std::vector<Json>> observe(std::span<const ProbeTarget> targets,
                                                  Json& memory, const Deadline& deadline) {
    return guarded([&] { return do_observe(targets, memory, deadline); });
  }

 protected:
  [[nodiscard]] virtual Result<std::vector<Json>> do_observe(std::span<const ProbeTarget> targets,
                                                             Json& memory,
                                                             const Deadline& deadline) = 0;
};

}  // namespace cdctl
