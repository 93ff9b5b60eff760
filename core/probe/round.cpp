#include "core/probe/round.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>
#include <cdctl/stop.hpp>

#include "core/fleet/outage.hpp"
#include "core/probe/checks.hpp"
#include "core/probe/memory.hpp"

namespace cdctl::probe {

bool worth_a_look(const fleet::SetView& set) {
  return !set.foreign && !set.ghost && set.state != "deploying" && set.state != "partial" &&
         set.state != "reaping" && set.state != "absent";
}

std::vector<std::string> probes_of(app::Context& context, const ServiceConfig& service) {
  auto& host = context.plugin_host();
  auto out = context.broker_switches(service);
  out.push_back(service.engine);
  std::erase_if(out, [&](const std::string& name) { return !host.offering("probe", name); });
  for (const auto& plugin : host.plugins()) {
    if (!plugin.refused.empty() || !service.table[plugin.name].is_object()) continue;
    for (const auto& row : plugin.roles)  // a switch or an engine that the service has a table for,
                                          // and does not use, is left alone
      if (row.role == "probe" && !host.offering("switch", row.kind) &&
          !host.offering("engine", row.kind))
        out.push_back(row.kind);
  }
  return out;
}

namespace {

constexpr std::size_t k_most_runs = 1000;

std::vector<const fleet::SetView*> chosen(fleet::Fleet& fleet,
                                          const std::vector<fleet::Selector>& selectors) {
  std::vector<const fleet::SetView*> out;
  for (const auto& view : fleet.services())
    for (const auto& set : view.sets) {
      const auto means = [&](const fleet::Selector& selector) { return selector.means(view, set); };
      if (worth_a_look(set) && (selectors.empty() || std::ranges::any_of(selectors, means)))
        out.push_back(&set);
    }
  return out;
}

class Round {
 public:
  Round(app::Context& context, fleet::Fleet& fleet, std::vector<const fleet::SetView*> sets,
        const Deadline& deadline)
      : context_(context), fleet_(fleet), sets_(std::move(sets)), deadline_(deadline) {}

  std::vector<Json> run() {
    for (const auto& [name, targets] : targets_by_probe()) {
      if (Stop::requested()) return {};
      look(name, targets);
    }
    take(run_checks(context_, check_runs(), deadline_));
    return std::move(signals_);
  }

 private:
  using Targets = std::vector<ProbeTarget>;

  std::map<std::string, Targets> targets_by_probe() {
    std::map<std::string, Targets> out;
    for (const auto* set : sets_) {
      for (const auto& name : probes_of(context_, *set->service)) {
        const auto want = set->workers_wanted();
        out[name].push_back({*set->service, set->name, set->home, want, set->cut, set->locked_out,
                             newer_than(*set)});
      }
    }
    return out;
  }

  /// A set of another home counts while its state is not known here: it is uncut and has a user.
  std::vector<NewerSet> newer_than(const fleet::SetView& set) {
    std::vector<NewerSet> out;
    const auto* view = fleet_.service(set.name.service);
    if (!view || !set.deployed_at) return out;
    for (const auto& other : view->sets) {
      const bool later = other.deployed_at && *other.deployed_at > *set.deployed_at;
      const bool live = other.state == "live" || other.state.empty();
      if (later && live && !other.cut.value_or(true)) out.push_back({other.name, other.proven});
    }
    return out;
  }

  /// All at once; where that fails service by service, so that one broker that does not answer
  /// hides no other's sets.
  void look(const std::string& name, const Targets& targets) {
    auto found = observe(name, targets);
    if (found) return take(*found);
    std::map<std::string, Targets> by_service;
    for (const auto& target : targets) by_service[target.service.name].push_back(target);
    if (by_service.size() == 1) return report(name, targets, found.error());
    for (const auto& [service, some] : by_service) {
      found = observe(name, some);
      if (found)
        take(*found);
      else
        report(name, some, found.error());
    }
  }

  Result<std::vector<Json>> observe(const std::string& name, const Targets& targets) {
    CDCTL_TRY_ASSIGN(auto* const probe, context_.probe(name));
    CDCTL_TRY_ASSIGN(auto memory, ProbeMemory::open(context_.home(), name, deadline_));
    CDCTL_TRY_ASSIGN(auto found, probe->observe(targets, memory.value, deadline_));
    // Stored before the signals go out: a look that is killed in between is lost, and none is
    // counted twice.
    CDCTL_TRY(memory.store());
    return found;
  }

  void report(const std::string& name, const Targets& targets, const Error& error) {
    std::set<std::string> services;
    for (const auto& target : targets) services.insert(target.service.name);
    for (const auto& service : services)
      context_.report_record(service, "probing with " + name, error);
  }

  std::vector<CheckRun> check_runs() {
    std::map<const ServiceConfig*, std::vector<SetName>> by_service;
    for (const auto* set : sets_)
      if (!set->cut.value_or(false) && set->service->table["checks"].is_array())
        by_service[set->service].push_back(set->name);
    std::vector<CheckRun> out;
    for (const auto& [service, sets] : by_service) {
      const auto checks = read_checks(*service, context_.config().trusted);
      for (const auto& one : checks.wrong)
        context_.report_record(service->name, "reading its checks", one.error);
      for (const auto& check : checks.usable) {
        if (!check.per_set())
          out.push_back({service, check, sets});
        else
          for (const auto& set : sets) out.push_back({service, check, {set}});
      }
    }
    if (out.size() > k_most_runs) {
      context_.report({ExitCode::failed,
                       fmt::format("{} checks in one look; the first {} are made, name fewer sets",
                                   out.size(), k_most_runs)});
      out.resize(k_most_runs);
    }
    return out;
  }

  void take(std::vector<Json> found) {
    for (auto& flat : found) {
      auto signal = normal_signal(std::move(flat));
      if (signal)
        signals_.push_back(std::move(*signal));
      else
        context_.report(signal.error().in("a probe gave something that is no signal"));
    }
  }

  app::Context& context_;
  fleet::Fleet& fleet_;
  std::vector<const fleet::SetView*> sets_;
  Deadline deadline_;
  std::vector<Json> signals_;
};

}  // namespace

namespace {

/// Says that nobody works on a service, and once that somebody does again: from one look to the
/// next the home remembers since when.
Result<std::vector<Json>> outage_signals(app::Context& context, fleet::Fleet& fleet,
                                         const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto memory, ProbeMemory::open(context.home(), "outages", deadline));
  Json known = memory.value.is_object() ? memory.value : Json::object();
  std::vector<Json> out;
  for (const auto& view : fleet.services()) {
    const auto& name = view.config->name;
    const auto about = fleet::newest_name(view);
    if (view.error || !about || !context.config().service(name)) continue;
    const bool before = known[name].is_string();
    if (view.outage.empty() && (!before || view.unsure)) continue;
    auto signal = Json::object(
        {{"set", about->str()}, {"source", "/probe/service"}, {"signal", k_outage_signal}});
    if (view.outage.empty()) {
      signal.set("severity", "info").set("cleared", true).set("message", "somebody works again");
      known.set(name, Json());
    } else {
      if (!before) known.set(name, to_rfc3339(now()));
      signal.set("severity", "critical")
          .set("message", fmt::format("nobody works on {} since {}: {}", name,
                                      known[name].as_string(), view.outage));
    }
    CDCTL_TRY_ASSIGN(out.emplace_back(), normal_signal(std::move(signal)));
  }
  Json kept = Json::object();
  for (const auto& [name, since] : known.members())
    if (since.is_string()) kept.set(name, since);
  memory.value = std::move(kept);
  CDCTL_TRY(memory.store());
  return out;
}

/// No fault of the revision, so that it must not be cut for it: never more than a warning.
std::vector<Json> rights_signals(fleet::Fleet& fleet,
                                 const std::vector<fleet::Selector>& selectors) {
  std::vector<Json> out;
  for (const auto* set : chosen(fleet, selectors)) {
    if (set->rights.empty() || set->cut.value_or(false)) continue;
    auto signal = normal_signal(Json::object(
        {{"set", set->name.str()},
         {"source", "/probe/service"},
         {"severity", "warning"},
         {"signal", "service/rights"},
         {"message", fmt::format("its rights on the broker were changed: {}; cdctl deploy gives it "
                                 "what it had",
                                 set->rights)}}));
    if (signal) out.push_back(std::move(*signal));
  }
  return out;
}

}  // namespace

Result<std::vector<Json>> probe_round(app::Context& context,
                                      const std::vector<fleet::Selector>& selectors,
                                      const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto services, fleet::services_of(context, selectors));
  fleet::Fleet fleet(context);
  fleet.load(services, deadline);
  fleet::load_roles(fleet, selectors, deadline);
  for (const auto& view : fleet.services())
    if (view.error) context.report_record(view.config->name, "listing sets", *view.error);
  for (const auto& selector : selectors)
    if (const auto picked = selector.pick(fleet); picked && picked->empty())
      fleet::report_missing(context, fleet, selector, fleet::Asker::looks);
  fleet.load_holds(deadline);
  fleet.load_outages(deadline);
  fleet.load_rights(deadline);
  for (const auto& view : fleet.services())
    if (view.unsure) context.report_record(view.config->name, "asking its broker", *view.unsure);
  auto found = outage_signals(context, fleet, deadline);
  if (!found) context.report(found.error().in("probe"));
  auto out = found.value_or(std::vector<Json>());
  std::ranges::move(rights_signals(fleet, selectors), std::back_inserter(out));
  std::ranges::move(Round(context, fleet, chosen(fleet, selectors), deadline).run(),
                    std::back_inserter(out));
  return out;
}

}  // namespace cdctl::probe
