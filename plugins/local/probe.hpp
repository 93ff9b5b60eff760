#pragma once

#include <vector>

#include <cdctl/host.hpp>
#include <cdctl/json.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "plugins/local/paths.hpp"
#include "plugins/local/set_files.hpp"

namespace cdctl::local {

/// What the last look left about one set.
struct UnitsBefore {
  Time at{};
  std::vector<std::int64_t> restarts;  ///< of each unit
};

/// The signals of one look at a set's units. `counted`: units up and restarts go out as counts, for
/// a service whose work nobody else counts. Asks nobody.
[[nodiscard]] std::vector<Json> judge_units(const SetName& set, const SetFiles& files,
                                            const std::optional<UnitsBefore>& before, bool counted,
                                            Time clock);

/// Watches the units of this home's sets: which are down, which crash again and again. Reads the
/// supervisors' files and disturbs nobody.
class LocalProbe final : public Probe {
 public:
  explicit LocalProbe(Host& host) : home_(host.home()) {}
  /// Sets of other homes are passed over: their own machine looks at them.
  [[nodiscard]] Result<std::vector<Json>> do_observe(std::span<const ProbeTarget> targets,
                                                     Json& memory,
                                                     const Deadline& deadline) override;

 private:
  HomePaths home_;
};

}  // namespace cdctl::local
