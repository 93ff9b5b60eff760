#include "core/actions/turned_from.hpp"

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include "core/actions/outcome.hpp"
#include "core/fleet/fleet.hpp"

namespace cdctl::actions {

Result<> turn_from(app::Context& context, Memory& memory, const SetName& named,
                   const std::vector<SetName>& turned_from, bool held_out, Time at,
                   const Deadline& deadline) {
  const auto why = fmt::format("{} was deployed by hand", named.str());
  if (held_out) {
    CDCTL_TRY(memory.put_hold(named.str(), {}, deadline));
    keep_in_log(context, {"resume", named.service, named, why});
  }
  for (const auto& newer : turned_from) {
    CDCTL_TRY_ASSIGN(const auto hold, fleet::hold_of(memory, newer.str(), deadline));
    if (hold) continue;
    CDCTL_TRY(memory.put_hold(newer.str(), Hold{context.actor(), why, at}, deadline));
    keep_in_log(context, {"hold", named.service, newer, why});
    say_turned_from(context, newer, false);
  }
  crash_point("deploy.turned");
  return {};
}

void say_turned_from(app::Context& context, const SetName& newer, bool dry) {
  context.out.note(fmt::format(
      "{}: {} is newer and {} held out from now on: it is not offered, and not brought back when "
      "it falls; cdctl resume {} lifts that, cdctl break {} cuts it",
      newer.service, newer.str(), dry ? "would be" : "is", newer.service, newer.str()));
}

}  // namespace cdctl::actions
