#pragma once

#include <cdctl/host.hpp>
#include <cdctl/roles.hpp>

namespace cdctl::juju {

/// Watches the units of sets on a controller: which are bad and why, which are missing. Asks the
/// juju engine for one set after the other.
class JujuProbe final : public Probe {
 public:
  explicit JujuProbe(Host& host) : host_(host) {}
  /// Sets of other controllers are passed over. A set that cannot be asked about gives
  /// `juju/unknown`; when none can, that is the error.
  [[nodiscard]] Result<std::vector<Json>> do_observe(std::span<const ProbeTarget> targets,
                                                     Json& memory,
                                                     const Deadline& deadline) override;

 private:
  Host& host_;
};

/// The signals of one look at a set. `short_since`: since when it has had fewer units up than
/// wanted; kept up to date for the next look. `counted`: units go out as counts, for a service
/// whose work nobody else counts. Asks nobody.
[[nodiscard]] std::vector<Json> judge_units(const SetStatus& status, bool counted,
                                            std::optional<Time>& short_since, Time clock);

}  // namespace cdctl::juju
