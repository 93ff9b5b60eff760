#include "core/actions/deploy_order.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/fleet/fleet.hpp"
#include "core/fleet/newest_sources.hpp"
#include "core/fleet/selector.hpp"

namespace cdctl::actions {

namespace {

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

/// `thumbs@r5f0`: among the newest combination, the sets that exist and the tombstones.
Result<DeployOrder> order_by_prefix(app::Context& context, const ServiceConfig& service,
                                    std::string_view prefix, const Sources& newest,
                                    const Deadline& deadline) {
  fleet::Fleet fleet(context);
  fleet.load({service.name}, deadline);
  const auto* view = fleet.service(service.name);
  if (view->error) return std::unexpected(*view->error);
  std::map<std::string, Sources> candidates;
  const auto add = [&](const Sources& sources) {
    if (const auto id = revision_id(sources); id.starts_with(prefix)) candidates[id] = sources;
  };
  add(newest);
  for (const auto& set : view->sets) {
    if (set.memory.set)
      add(set.memory.set->sources);
    else if (set.status)
      add(set.status->sources);
  }
  for (const auto& [name, entry] : view->gone)
    if (entry.set) add(entry.set->sources);
  if (candidates.size() > 1)
    return fail(fmt::format("{}@{}: {} revisions begin so; write more of it", service.name, prefix,
                            candidates.size()));
  if (candidates.empty())
    return fail(
        fmt::format("{}@{}: no such revision among the newest sources, the sets and the last 100 "
                    "that were reaped",
                    service.name, printable(prefix, 20)));
  DeployOrder order{&service, candidates.begin()->second, "by hand", false, false};
  if (auto taken = take_addresses(service, order.sources); !taken)
    return std::unexpected(taken.error().in(service.name));
  return order;
}

}  // namespace

Result<DeployOrder> order_from_record(app::Context& context, const Json& record) {
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, record["service"].view()));
  CDCTL_TRY_ASSIGN(auto sources, sources_from_json(record["sources"]));
  const auto claimed = record["revision"].view();
  if (revision_id(sources) != claimed)
    return fail(fmt::format("{}: the record says revision {}, its sources make {}", service->name,
                            printable(claimed, 20), revision_id(sources)));
  if (const auto set = record["set"].view();
      !set.empty() && set != service->name + "-" + std::string(claimed))
    return fail(fmt::format("{}: the record's set '{}' is not its service and revision",
                            service->name, printable(set, 60)));
  if (auto taken = take_addresses(*service, sources); !taken)
    return std::unexpected(taken.error().in(service->name));
  const auto why = record["why"].as_string();
  return DeployOrder{service, std::move(sources), why, why == "known-bad", true};
}

Result<DeployOrder> order_by_name(app::Context& context, const std::string& text, const Pins& pins,
                                  const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto selector, fleet::Selector::parse(text));
  if (selector.glob || selector.newest)
    return fail(ExitCode::usage,
                fmt::format("deploy '{}': give SERVICE or SERVICE@REVISION", printable(text, 60)));
  CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, selector.service));
  auto newest = fleet::newest_sources(context, {service}, deadline);
  auto& sources = newest.at(service->name);
  if (!sources) return std::unexpected(sources.error().in(service->name));
  for (const auto& pin : pins.pins) {
    const bool ours = std::ranges::any_of(service->sources, [&](const SourceConfig& source) {
      return pin.starts_with(source.name + "=");
    });
    if (ours || pins.all_ours)
      CDCTL_TRY(fleet::pin_source(context, *service, pin, *sources, deadline));
  }
  if (!selector.revision.empty())
    return order_by_prefix(context, *service, selector.revision, *sources, deadline);
  return DeployOrder{service, std::move(*sources), "by hand", false, false};
}

}  // namespace cdctl::actions
