#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/newest_sources.hpp"

namespace cdctl::cli {

namespace {

/// A combination of sources that was deployed once: an existing set or a tombstone.
struct Known {
  Time deployed_at;  ///< the last time
  Time first;        ///< the first time: a revision that came back by hand is not new
  const Sources* sources;
};

/// All of them, the one deployed last first.
std::vector<Known> history(const fleet::ServiceView& view) {
  std::vector<Known> out;
  const auto add = [&](const SetMemo& memo) {
    out.push_back(
        {memo.deployed_at, memo.first_deployed_at.value_or(memo.deployed_at), &memo.sources});
  };
  for (const auto& set : view.sets) {
    if (set.memory.set)
      add(*set.memory.set);
    else if (set.status && set.deployed_at)
      out.push_back({*set.deployed_at, *set.deployed_at, &set.status->sources});
  }
  for (const auto& [name, entry] : view.gone)
    if (entry.set) add(*entry.set);
  std::ranges::stable_sort(out, std::ranges::greater(), &Known::deployed_at);
  return out;
}

/// Whether a source is back at a revision that an earlier set had and a later one left. What counts
/// is when a revision came first: after a return to an old set by hand, what was the newest before
/// is still the newer one. The implied source `service` is its owner's own edit and may go back.
bool goes_back(const std::vector<Known>& known, const Sources& sources) {
  for (const auto& [name, state] : sources) {
    if (name == "service" || known.empty()) continue;
    std::map<std::string, Time> first_seen;
    for (const auto& one : known) {
      const auto at = one.sources->find(name);
      if (at == one.sources->end()) continue;
      const auto [slot, added] = first_seen.emplace(at->second.revision, one.first);
      if (!added) slot->second = std::min(slot->second, one.first);
    }
    const auto last = known.front().sources->find(name);
    const auto seen = first_seen.find(state.revision);
    if (seen == first_seen.end() ||
        (last != known.front().sources->end() && last->second.revision == state.revision))
      continue;
    if (std::ranges::any_of(first_seen,
                            [&](const auto& other) { return other.second > seen->second; }))
      return true;
  }
  return false;
}

std::string what_is_newer(const std::vector<Known>& known, const Sources& sources) {
  if (known.empty()) return "first";
  std::string out;
  for (const auto& [name, state] : sources) {
    const auto at = known.front().sources->find(name);
    if (at != known.front().sources->end() && at->second.revision == state.revision) continue;
    out += (out.empty() ? "" : ",") + name + "-newer";
  }
  if (known.front().sources->size() > sources.size() && out.empty()) out = "source-removed";
  return out.empty() ? "newer" : out;
}

struct Decision {
  std::string why;
  std::string held;  ///< why it is not offered; empty = offered
};

Decision decide(const fleet::ServiceView& view, const SetName& name, const Sources& sources,
                const Arguments& args) {
  if (const auto* set = view.set(name)) {
    if (set->out_there()) return {"out-there", "it is out there"};
    Decision out{set->state == "partial" ? "unfinished" : "down", ""};
    if (set->status && set->status->retry_at && *set->status->retry_at > now() && !args.has("now"))
      out.held = fmt::format("{} attempt{} failed; the next is due in {}, or now with --now",
                             set->status->attempts, set->status->attempts == 1 ? "" : "s",
                             to_age(*set->status->retry_at - now()));
    return out;
  }
  const auto gone = view.gone.find(name.str());
  if (gone != view.gone.end() && gone->second.cut_memo && gone->second.cut_memo->cut) {
    const auto& memo = *gone->second.cut_memo;
    return {"known-bad",
            args.has("even-bad")
                ? ""
                : fmt::format("it is known to be bad (cut {} ago by {}: {}); --even-bad offers it",
                              to_age(now() - memo.at), memo.by, memo.why)};
  }
  const auto known = history(view);
  if (goes_back(known, sources))
    return {"backwards", args.has("allow-back")
                             ? ""
                             : "a source went back to an older revision; --allow-back offers it"};
  return {what_is_newer(known, sources), ""};
}

/// Sets that take up room: cut ones are on their way out.
std::int64_t sets_of(const fleet::ServiceView& view) {
  return std::ranges::count_if(view.sets,
                               [](const fleet::SetView& set) { return !set.cut.value_or(false); });
}

/// What speaks against more of a service, whatever is newer: its freeze, and for a set that is not
/// there yet how many there are.
Decision restrain(const fleet::ServiceView& view, Decision decision) {
  if (!decision.held.empty()) return decision;
  if (view.hold)
    return {"held", fmt::format("deploys are held {}; cdctl resume {} lifts that",
                                fleet::held_text(*view.hold), view.config->name)};
  const bool repair = decision.why == "unfinished" || decision.why == "down";
  const auto count = sets_of(view);
  if (repair || view.config->max_sets == 0 || count < view.config->max_sets) return decision;
  return {
      "max-sets",
      fmt::format(
          "there are {} sets, max_sets is {}; make room: cdctl ls {} | cdctl stale | cdctl reap",
          count, view.config->max_sets, view.config->name)};
}

Json revision_record(const SetName& name, const Sources& sources, const Decision& decision) {
  Json out = Json::object({{"schema", "cdctl.revision/1"},
                           {"service", name.service},
                           {"revision", name.revision},
                           {"set", name.str()},
                           {"sources", to_json(sources)},
                           {"why", decision.why}});
  if (!decision.held.empty()) out.set("offered", false).set("held", decision.held);
  out.set("time", to_rfc3339(now()));
  return out;
}

}  // namespace

int run_outdated(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    const Deadline deadline(timeout);
    std::vector<const ServiceConfig*> services;
    for (const auto& word : args.words) {
      CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, word));
      services.push_back(service);
    }
    if (args.words.empty())
      for (const auto& service : context.config().services) services.push_back(&service);
    const auto newest = fleet::newest_sources(context, services, deadline);
    fleet::Fleet fleet(context);
    fleet.load(args.words, deadline);
    fleet.load_holds(deadline);
    bool any = false;
    for (const auto* service : services) {
      const auto& sources = newest.at(service->name);
      auto* view = fleet.service(service->name);
      if (!sources) {
        context.report_record(service->name, "reading its sources", sources.error());
        continue;
      }
      if (view->error) {
        context.report_record(service->name, "listing sets", *view->error);
        continue;
      }
      const SetName name{service->name, revision_id(*sources)};
      // An engine that lists no units may have it down all the same: this one set is asked for.
      for (auto& set : view->sets)
        if (set.name == name && set.state == "live" && !set.cut.value_or(true))
          fleet.read_units(set, deadline);
      const auto decision = restrain(*view, decide(*view, name, *sources, args));
      if (!decision.held.empty() && decision.why != "out-there")
        context.out.note(
            fmt::format("{}: {} is not offered: {}", service->name, name.str(), decision.held));
      if (decision.held.empty() || args.has("all"))
        context.out.write(revision_record(name, *sources, decision));
      any = any || decision.held.empty();
    }
    if (args.words.empty()) fleet::report_broken(context);
    if (context.config().services.empty() && context.config().broken.empty())
      context.out.note(fmt::format("there is no service in {}; cdctl init adds one",
                                   (context.config().file.parent_path() / "services.d").string()));
    else if (context.out.tabular() && !context.out.any())
      context.out.note("nothing newer than what is out there");
    if (any && args.has("exit-code") && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
