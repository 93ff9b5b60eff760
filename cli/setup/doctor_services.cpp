#include "cli/setup/doctor_services.hpp"

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/fleet.hpp"
#include "core/fleet/masked.hpp"

namespace cdctl::cli {

namespace {

/// Where the units of a set fall as soon as they are started, no deploy helps: what it says does.
const fleet::SetView* falling(const fleet::ServiceView& view) {
  for (const auto& set : view.sets)
    if (!set.cut.value_or(true) && set.status && !set.status->why_down.empty()) return &set;
  return nullptr;
}

Check out_of_work(const fleet::ServiceView& view) {
  const auto& name = view.config->name;
  const auto what = "work of " + name;
  const auto found = "nobody works on it: " + view.outage;
  if (const auto* set = falling(view))
    return {what, Check::State::bad,
            fmt::format("{}; {}: {}", found, set->name.str(),
                        printable(fleet::masked(set->status->why_down), 200)),
            fmt::format("cdctl inspect {} shows the last lines of each unit; if the revision is to "
                        "blame, cdctl deploy {}@previous puts the one before out again",
                        set->name.str(), name)};
  return {what, Check::State::bad, found,
          fmt::format("cdctl outdated {0} | cdctl deploy brings back what is down; cdctl ls {0} "
                      "shows what is cut, cdctl mend SET lets it work again",
                      name)};
}

}  // namespace

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
      out.push_back(out_of_work(view));
    else if (view.error || view.unsure)
      out.push_back({what, State::unknown, (view.error ? *view.error : *view.unsure).what,
                     "see what is said of its engine and its broker"});
    else
      out.push_back({what, State::ok, "somebody is at it", ""});
  }
  return out;
}

}  // namespace cdctl::cli
