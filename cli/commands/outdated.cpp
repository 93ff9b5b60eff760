#include <vector>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/newest_sources.hpp"
#include "core/fleet/offers.hpp"

namespace cdctl::cli {

namespace {

Json revision_record(const SetName& name, const Sources& sources, const fleet::Offer& offer) {
  Json out = Json::object({{"schema", "cdctl.revision/1"},
                           {"service", name.service},
                           {"revision", name.revision},
                           {"set", name.str()},
                           {"sources", to_json(sources)},
                           {"why", offer.why}});
  if (!offer.offered()) out.set("offered", false).set("held", offer.held);
  out.set("time", to_rfc3339(now()));
  return out;
}

Result<std::vector<const ServiceConfig*>> asked_services(Context& context, const Arguments& args) {
  std::vector<const ServiceConfig*> services;
  for (const auto& word : args.words) {
    CDCTL_TRY_ASSIGN(const auto* service, fleet::find_service(context, word));
    services.push_back(service);
  }
  if (args.words.empty())
    for (const auto& service : context.config().services) services.push_back(&service);
  return services;
}

/// Writes what is to be said of one service. True when something is offered.
bool write_offer(Context& context, const Arguments& args, fleet::Fleet& fleet,
                 fleet::ServiceView& view, const Sources& sources, const Deadline& deadline) {
  const SetName name{view.config->name, revision_id(sources)};
  // An engine that lists no units may have it down all the same: this one set is asked for.
  for (auto& set : view.sets)
    if (set.name == name && set.state == "live" && !set.cut.value_or(true))
      fleet.read_units(set, deadline);
  const auto offer = fleet::decide_offer(
      view, name, sources, {args.has("even-bad"), args.has("allow-back"), args.has("now")}, now());
  if (!offer.offered() && !offer.out_there())
    context.out.note(
        fmt::format("{}: {} is not offered: {}", name.service, name.str(), offer.held));
  if (offer.offered() || args.has("all")) context.out.write(revision_record(name, sources, offer));
  return offer.offered();
}

/// What to say where nothing was offered.
void note_nothing(Context& context) {
  if (context.config().services.empty() && context.config().broken.empty())
    context.out.note(fmt::format("there is no service in {}; cdctl init adds one",
                                 (context.config().file.parent_path() / "services.d").string()));
  else if (context.out.tabular() && !context.out.any())
    context.out.note("nothing newer than what is out there");
}

}  // namespace

int run_outdated(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    const Deadline deadline(timeout);
    CDCTL_TRY_ASSIGN(const auto services, asked_services(context, args));
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
      any = write_offer(context, args, fleet, *view, *sources, deadline) || any;
    }
    if (args.words.empty()) fleet::report_broken(context);
    note_nothing(context);
    if (any && args.has("exit-code") && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
