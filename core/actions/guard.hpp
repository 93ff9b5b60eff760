#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

/// Live units of a service, by set: units of live and uncut sets that somebody owns. Where a broker
/// is a switch they are counted there: connections of uncut sets that are at work, as many as the
/// set has units at most. Exit code `unknown` when it cannot be counted.
using Live = std::map<std::string, std::int64_t>;
/// A broker's statistics are some seconds old. Where it cannot tell yet of a young connection, and
/// `enough` is true with it and false without, it is asked again for a moment.
using Enough = std::function<bool(const Live&)>;
[[nodiscard]] Result<Live> live_units(app::Context& context, const fleet::ServiceView& view,
                                      const Deadline& deadline, const Enough& enough = {});

/// The same by this home's engine alone, for a broker that does not answer in time: a set counts
/// with the units that are up here, unless its engine holds it frozen.
[[nodiscard]] Result<Live> live_units_here(app::Context& context, const fleet::ServiceView& view,
                                           const Deadline& deadline);

[[nodiscard]] std::int64_t sum_of(const Live& live);

/// Whether min_live is left without `set`. `before`: what was live when the action began.
[[nodiscard]] bool leaves_enough(const ServiceConfig& service, const SetName& set, const Live& live,
                                 std::int64_t before);

/// Why a set shall go. It decides what may go although less than min_live is left: nothing that
/// works is taken away then.
enum class Taking {
  by_evidence,  ///< cut because of what was measured: which may be an outage of everything
  by_hand,      ///< cut by a person
  for_good,     ///< reaped: what is down could have come back
};

/// Exit code `refused` when the service would have less than min_live without the set. What is not
/// connected counts as something to lose until its engine says that nothing of it is up, and the
/// broker that it had the time to connect. `before`: what was live when the action began, where
/// `live` was counted later.
[[nodiscard]] Result<> guard_min_live(app::Context& context, const fleet::ServiceView& view,
                                      const fleet::SetView& set, const Live& live, Taking taking,
                                      const Deadline& deadline, std::int64_t before = 0);

/// Exit code `refused` when the service may have less than min_live after so many units of the set
/// end. Nobody knows which of its units work: those that end may be the ones.
[[nodiscard]] Result<> guard_scale(const fleet::ServiceView& view, const SetName& set,
                                   const Live& live, std::int64_t ended);

}  // namespace cdctl::actions
