#include "cli/setup/doctor_sets.hpp"

#include <algorithm>
#include <iterator>
#include <string>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/unconnected.hpp"

namespace cdctl::cli {

namespace {

using State = Check::State;

/// `cdctl deploy thumbs@r5f0c1e9a2b`: how a person names one revision to it.
std::string deploy_words(const SetName& set) {
  return fmt::format("cdctl deploy {}@{}", set.service, set.revision);
}

std::string shown(const std::string& home) { return home.empty() ? "nobody knows which" : home; }

/// Sets that are shown and left alone; where they are this user's, another configuration has them.
Check foreign_check(const std::vector<std::string>& names, const std::filesystem::path& config) {
  return {"foreign sets", State::ok,
          fmt::format("{} of services that are not configured here, left alone: {}",
                      plural(std::ssize(names), "set"), joined(names)),
          fmt::format("none, if another configuration has their services; else put their files "
                      "beside {} again and cdctl retire them, or cdctl reap SET --even-foreign",
                      config.string())};
}

}  // namespace

std::vector<Check> check_of(const fleet::SetView& set) {
  std::vector<Check> out;
  const auto name = set.name.str();
  const auto add = [&](State state, std::string found, std::string cure) {
    out.push_back({"set " + name, state, std::move(found), std::move(cure)});
  };
  if (set.ghost)
    add(State::bad,
        fmt::format("a ghost: the memory says that it lives in home {}, which has nothing of it",
                    shown(set.home)),
        fmt::format("{} puts it out again; cdctl reap {} removes what is left of it",
                    deploy_words(set.name), name));
  if (set.locked_out)
    add(State::bad, "its user on the broker is gone, so that none of its units gets in",
        deploy_words(set.name) + " makes it again; nothing is restarted for that");
  if (!set.rights.empty())
    add(State::bad, "somebody has changed its rights on the broker: " + set.rights,
        deploy_words(set.name) + " gives it what it had; nothing is restarted for that");
  if (!set.idle)
    add(State::unknown, "whether it takes messages could not be asked",
        "see what is said of its broker");
  else if (set.idle->starts_with("connected"))  // of who is not, look_at_connections tells
    add(State::bad, "its units are up, and none takes a message: " + *set.idle,
        fmt::format(
            "cdctl logs {} shows what it was refused; where workers take none, or take them "
            "when they please: consumes = false beside the queues in {}",
            name, set.service ? set.service->file.string() : "the service's file"));
  if (set.half_mended())
    add(State::bad, "it was mended from elsewhere, and its units here are still stopped",
        "cdctl mend " + name);
  else if (set.unfinished_cut)
    add(State::bad, "its engine has stopped its units, and it is not cut",
        set.unfinished_cut->text(set.name));
  else if (set.left_stopped())
    add(State::bad,
        "it is not cut, and its engine has stopped its units: a cut is at it, or was killed that "
        "had begun there",
        fmt::format("{} starts them, or cdctl mend {}; if it is bad: cdctl break {}",
                    deploy_words(set.name), name, name));
  if (set.given_up())
    add(State::warning,
        fmt::format("it was reaped while this home was given up (--gone-home), and something of it "
                    "is here ({})",
                    set.leftover->state),
        fmt::format("cdctl reap {}{} removes what is here", name,
                    set.leftover->state == "live" ? " --even-last " + name : ""));
  else if (set.leftover)
    add(State::warning,
        fmt::format("it lives in home {}, and this home has something of it, too ({})",
                    shown(set.home), set.leftover->state),
        fmt::format("cdctl reap {}{} removes what is here, and nothing of the other home's", name,
                    set.leftover->state == "live" ? " --even-last " + name : ""));
  if (!set.owner.empty())
    add(State::bad,
        fmt::format("the memory says that it lives in home {}; this one is {}", set.owner,
                    set.home),
        fmt::format("if that is its new name: {}, which takes it over; if this home is a copy of "
                    "the other, stop and remove it",
                    deploy_words(set.name)));
  return out;
}

namespace {

/// Sets that count as about to come back for ever, so that no guard lets them go.
std::vector<Check> look_at_connections(app::Context& context, const fleet::ServiceView& view,
                                       const Deadline& deadline) {
  const auto& config = *view.config;
  const auto idle = fleet::unconnected_sets(context, view, deadline);
  if (!idle)
    return {{"connections of " + config.name, State::unknown, idle.error().what,
             "see what is said of its broker"}};
  if (idle->empty()) return {};
  const auto broker = context.switch_(context.broker_switches(config).front());
  const auto queues = broker ? (*broker)->left_behind(config) : std::vector<std::string>();
  std::vector<Check> out;
  for (const auto* set : *idle) {
    const auto name = set->name.str();
    out.push_back(
        {"set " + name, State::bad,
         fmt::format("none of its {} holds a connection to the broker, though {}: no verdict cuts "
                     "it, and nothing reaps it, since it may be about to come back",
                     plural(set->status->up.value_or(set->status->want.value_or(1)), "unit"),
                     queues.empty() ? "that is one of its switches"
                                    : "it lists queues (" + joined(queues) + ")"),
         fmt::format("workers find the broker in AMQP_URL, and cdctl inspect {} shows what they "
                     "say; where they need none, leave it out of {}: switches = [\"{}\"]; this "
                     "set alone: cdctl break {} --even-last {}",
                     name, config.file.string(), config.engine, name, name)});
  }
  return out;
}

}  // namespace

std::vector<Check> look_at_sets(app::Context& context, Millis timeout) {
  fleet::Fleet fleet(context);
  const Deadline deadline(timeout);
  fleet.load({}, deadline);
  fleet.load_rights(deadline);
  fleet.load_work(deadline);
  std::vector<Check> out;
  std::vector<std::string> foreign;
  std::size_t sets = 0;
  bool all_asked = true;
  for (const auto& view : fleet.services()) {
    if (view.error) {
      all_asked = false;
      out.push_back({"sets of " + view.config->name, State::unknown, view.error->what,
                     "see the checks above; cdctl ls says the same"});
    }
    for (const auto& set : view.sets) {
      ++sets;
      if (set.foreign) {
        foreign.push_back(set.name.str());
        continue;
      }
      std::ranges::move(check_of(set), std::back_inserter(out));
    }
    if (!view.error && !view.foreign)
      std::ranges::move(look_at_connections(context, view, Deadline(timeout)),
                        std::back_inserter(out));
  }
  if (out.empty() && all_asked && sets > foreign.size())
    out.push_back({"sets", State::ok,
                   fmt::format("{}, each where the memory says",
                               plural(static_cast<std::int64_t>(sets - foreign.size()), "set")),
                   ""});
  if (!foreign.empty()) out.push_back(foreign_check(foreign, context.config().file));
  return out;
}

}  // namespace cdctl::cli
