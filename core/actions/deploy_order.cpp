#include "core/actions/deploy_order.hpp"

#include <algorithm>
#include <array>
#include <map>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/newest_sources.hpp"
#include "core/fleet/offers.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::actions {

namespace {

/// Why a set is offered again that is there.
constexpr std::array<std::string_view, 5> k_repairs{"down", "unfinished", "locked-out", "rights",
                                                    "stopped"};

/// Fills in the addresses from the configuration and checks that the record speaks of this
/// service's sources.
Result<> take_addresses(const ServiceConfig& service, Sources& sources) {
  std::vector<std::string> wanted{"service"};
  for (const auto& source : service.sources) {
    wanted.push_back(source.name);
    const auto at = sources.find(source.name);
    if (at == sources.end())
      return fail(fmt::format("the record has no source '{}', which {} names", source.name,
                              service.file.string()));
    if (at->second.kind != source.kind)
      return fail(fmt::format("source '{}' is of kind {} in the record and {} in {}", source.name,
                              at->second.kind, source.kind, service.file.string()));
    at->second.url = source.url;
    if (source.kind != "file") continue;
    CDCTL_TRY_ASSIGN(const auto held, fleet::read_file_source(source));
    if (held.revision !=
        at->second
            .revision)  // before anything is made: a file has no history to take its old bytes from
      return fail(
          fmt::format("{} has other bytes than this revision of '{}'; run cdctl outdated again, or "
                      "put them back",
                      source.url, source.name));
  }
  for (auto& [name, state] : sources)
    if (std::ranges::find(wanted, name) == wanted.end())
      return fail(fmt::format("the record has a source '{}' that {} does not name", name,
                              service.file.string()));
  const auto shape = service.shape();
  if (!sources.contains("service") || sources["service"].revision != shape.revision)
    return fail(fmt::format("{} was edited since this revision was made; run cdctl outdated again",
                            service.file.string()));
  return {};
}

/// What a service is known to have, as a name is resolved among it.
struct Look {
  explicit Look(app::Context& context) : fleet(context) {}
  fleet::Fleet fleet;
  const fleet::ServiceView* view = nullptr;
};

Result<> look_at(Look& look, const ServiceConfig& service, const Deadline& deadline) {
  look.fleet.load({service.name}, deadline);
  look.fleet.load_holds(deadline);
  look.view = look.fleet.service(service.name);
  return look.view->error ? Result<>(std::unexpected(*look.view->error)) : Result<>();
}

/// `thumbs@r5f0`: among the newest combination, the sets that exist and the tombstones.
Result<Sources> find_revision(const fleet::ServiceView& view, std::string_view prefix,
                              const Sources& newest) {
  std::map<std::string, Sources> candidates;
  const auto add = [&](const Sources& sources) {
    if (const auto id = revision_id(sources); id.starts_with(prefix)) candidates[id] = sources;
  };
  if (!newest.empty()) add(newest);
  for (const auto& known : fleet::history(view)) add(*known.sources);
  const auto& name = view.config->name;
  if (candidates.size() > 1)
    return fail(fmt::format("{}@{}: {} revisions begin so; write more of it", name, prefix,
                            candidates.size()));
  if (candidates.empty())
    return fail(
        fmt::format("{}@{}: no such revision among the newest sources, the sets and the last 100 "
                    "that were reaped",
                    name, printable(prefix, 20)));
  return candidates.begin()->second;
}

/// `thumbs@previous`: what came out before the newest, by the first time each did, so that a second
/// run means the same.
Result<Sources> find_previous(const fleet::ServiceView& view) {
  auto known = fleet::history(view);
  std::ranges::stable_sort(known, std::ranges::greater(), &fleet::Known::first);
  for (std::size_t i = 1; i < known.size(); ++i)
    if (!known[i].cut && !view.set_holds.contains(known[i].name.str())) return *known[i].sources;
  return fail(
      fmt::format("{0}@previous: no revision before the newest is neither cut nor held "
                  "out; see cdctl ls {0}, cdctl history {0}",
                  view.config->name));
}

/// `thumbs@proven`: the newest set that is.
Result<Sources> find_proven(const fleet::ServiceView& view) {
  const auto* set = fleet::proven_set(view);
  if (set && set->memory.set) return set->memory.set->sources;
  if (set && set->status) return set->status->sources;
  return fail(fmt::format("{0}@proven: no set is proven yet; see cdctl ls {0}", view.config->name));
}

/// Who names a revision that is older than others turns away from them: those that are out there,
/// and the one that cron would put out again. Cut ones are out of the way already.
std::vector<SetName> newer_than(const fleet::ServiceView& view, const SetName& name,
                                const Sources& newest) {
  const auto known = fleet::history(view);
  const auto own = std::ranges::find(known, name, &fleet::Known::name);
  std::vector<SetName> out;
  if (own == known.end()) return out;
  for (const auto& other : known)
    if (other.first > own->first && !other.cut &&
        (other.there || other.name.revision == revision_id(newest)))
      out.push_back(other.name);
  return out;
}

/// A set that is down can be started again as it is, whatever became of its sources.
Result<> fill(DeployOrder& order, const fleet::SetView* set) {
  auto taken = take_addresses(*order.service, order.sources);
  if (taken) return {};
  auto error = taken.error().in(order.service->name);
  if (!set || !set->fallen() || set->ghost) return fail(std::move(error));
  order.unmakeable = std::move(error);
  return {};
}

Result<DeployOrder> order_of_revision(const fleet::ServiceView& view, Sources sources,
                                      const Sources& newest) {
  DeployOrder order{view.config, std::move(sources), "by hand"};
  CDCTL_TRY(fill(order, view.set(order.name())));
  order.turned_from = newer_than(view, order.name(), newest);
  return order;
}

Result<Sources> with_pins(app::Context& context, const ServiceConfig& service, Sources sources,
                          const Pins& pins, const Deadline& deadline) {
  for (const auto& pin : pins.pins) {
    const bool ours = std::ranges::any_of(service.sources, [&](const SourceConfig& source) {
      return pin.starts_with(source.name + "=");
    });
    if (ours || pins.all_ours)
      CDCTL_TRY(fleet::pin_source(context, service, pin, sources, deadline));
  }
  return sources;
}

}  // namespace

Result<DeployOrder> order_from_record(app::Context& context, const Json& record) {
  CDCTL_TRY_ASSIGN(const auto* service,
                   fleet::configured_service(context, record["service"].view()));
  CDCTL_TRY_ASSIGN(auto sources, sources_from_json(record["sources"]));
  const auto claimed = record["revision"].view();
  if (revision_id(sources) != claimed)
    return fail(fmt::format("{}: the record says revision {}, its sources make {}", service->name,
                            printable(claimed, 20), revision_id(sources)));
  if (const auto set = record["set"].view();
      !set.empty() && set != service->name + "-" + std::string(claimed))
    return fail(fmt::format("{}: the record's set '{}' is not its service and revision",
                            service->name, printable(set, 60)));
  const auto why = record["why"].as_string();
  DeployOrder order{service, std::move(sources), why, why == "known-bad", true};
  if (auto taken = take_addresses(*service, order.sources); !taken) {
    auto error = taken.error().in(service->name);
    if (std::ranges::find(k_repairs, why) == k_repairs.end()) return fail(std::move(error));
    order.unmakeable = std::move(error);  // it may be started again as it is
  }
  return order;
}

Result<DeployOrder> order_by_name(app::Context& context, const std::string& text, const Pins& pins,
                                  const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto selector, fleet::Selector::parse(text));
  const bool previous = selector.role == fleet::Selector::Role::previous;
  const bool proven = selector.role == fleet::Selector::Role::proven;
  if (selector.glob || selector.role == fleet::Selector::Role::newest)
    return fail(ExitCode::usage, fmt::format("deploy '{}': give SERVICE, SERVICE@REVISION, "
                                             "SERVICE@previous or SERVICE@proven",
                                             printable(text, 60)));
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, selector.service));
  auto asked = fleet::newest_sources(context, {service}, deadline);
  auto& newest = asked.at(service->name);
  const bool by_revision = previous || proven || !selector.revision.empty();
  // What was out there once is known without its sources: a set is started again when they are
  // away.
  if (!newest && (!by_revision || !pins.pins.empty()))
    return std::unexpected(newest.error().in(service->name));
  CDCTL_TRY_ASSIGN(auto sources,
                   with_pins(context, *service, newest.value_or(Sources()), pins, deadline));
  if (!by_revision && pins.pins.empty()) return DeployOrder{service, std::move(sources), "by hand"};
  Look look(context);
  CDCTL_TRY(look_at(look, *service, deadline));
  if (previous) {
    CDCTL_TRY_ASSIGN(sources, find_previous(*look.view));
  } else if (proven) {
    CDCTL_TRY_ASSIGN(sources, find_proven(*look.view));
  } else if (by_revision) {
    CDCTL_TRY_ASSIGN(sources, find_revision(*look.view, selector.revision, sources));
  }
  return order_of_revision(*look.view, std::move(sources), newest.value_or(Sources()));
}

}  // namespace cdctl::actions
