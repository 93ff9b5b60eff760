#include "cli/setup/doctor_services.hpp"

#include <fmt/format.h>

#include "core/fleet/fleet.hpp"

namespace cdctl::cli {

std::vector<Check> look_at_work(Context& context, const Deadline& deadline) {
  using State = Check::State;
  std::vector<Check> out;
  fleet::Fleet fleet(context);
  fleet.load({}, deadline);
  fleet.load_holds(deadline);
  fleet.load_outages(deadline);
  for (const auto& view : fleet.services()) {
    const auto& name = view.config->name;
    if (!context.config().service(name) || (view.sets.empty() && view.outage.empty())) continue;
    const auto what = "work of " + name;
    if (!view.outage.empty())
      out.push_back(
          {what, State::bad, "nobody works on it: " + view.outage,
           fmt::format("cdctl outdated {0} | cdctl deploy brings back what is down; cdctl "
                       "ls {0} shows what is cut, cdctl mend SET lets it work again",
                       name)});
    else if (view.error || view.unsure)
      out.push_back({what, State::unknown, (view.error ? *view.error : *view.unsure).what,
                     "see what is said of its engine and its broker"});
    else
      out.push_back({what, State::ok, "somebody is at it", ""});
  }
  return out;
}

}  // namespace cdctl::cli
