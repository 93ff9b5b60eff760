#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

#include "plugins/local/paths.hpp"

namespace cdctl::local {

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
