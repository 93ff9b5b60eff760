#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "core/actions/repairs.hpp"
#include "core/app/unanswered.hpp"
#include "core/fleet/commit_notes.hpp"
#include "core/fleet/commits.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"
#include "core/fleet/newest_sources.hpp"
#include "core/fleet/offers.hpp"
#include "core/fleet/outage.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_read_commits(5000);

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

/// What is to be said of one service: what has fallen first, then the newest revision.
class ServiceOffers {
 public:
  ServiceOffers(Context& context, const Arguments& args, const fleet::ServiceView& view,
                const fleet::CommitNotes& notes)
      : context_(context), args_(args), view_(view), notes_(notes) {}

  /// True when something is offered.
  bool write(const Result<Sources>& newest) {
    const auto name = newest ? std::optional(SetName{view_.config->name, revision_id(*newest)})
                             : std::optional<SetName>();
    for (const auto* set : actions::fallen_sets(view_, now()))
      write_one(set->name, set->name == name ? *newest : sources_of(*set));
    if (name)
      write_one(*name, *newest);
    else
      report(newest.error());
    if (const auto outage = fleet::outage_of(view_); !any_ && !outage.empty())
      context_.out.warning(fmt::format("{}: nobody works on it, and nothing is offered: {}",
                                       view_.config->name, outage));
    return any_;
  }

 private:
  static const Sources& sources_of(const fleet::SetView& set) {
    return set.memory.set ? set.memory.set->sources : set.status->sources;
  }

  /// What has fallen comes back without its sources. A record of the error would keep `deploy` from
  /// all of the service, so that the exit code alone tells of it then.
  void report(const Error& error) {
    if (any_)
      context_.report(app::unanswered(error).in(view_.config->name));
    else
      context_.report_record(view_.config->name, "reading its sources", error);
  }

  /// What this machine knows of its commits goes with it: mostly nothing of what is on a server and
  /// was never fetched.
  void write_record(const SetName& name, const Sources& sources, const fleet::Offer& offer) {
    auto record = revision_record(name, sources, offer);
    auto commits = notes_.of(name);
    if (commits.is_null())
      commits = fleet::known_commits(context_, *view_.config, sources, Deadline(k_read_commits));
    fleet::add_commits(record, commits);
    context_.out.write(record);
  }

  /// Once for each name.
  void write_one(const SetName& name, const Sources& sources) {
    if (!told_.insert(name.str()).second) return;
    const auto offer = fleet::decide_offer(
        view_, name, sources, {args_.has("even-bad"), args_.has("allow-back"), args_.has("now")},
        now());
    if (!offer.offered() && !offer.out_there())
      context_.out.note(
          fmt::format("{}: {} is not offered: {}", name.service, name.str(), offer.held));
    if (offer.offered() || args_.has("all")) write_record(name, sources, offer);
    any_ = any_ || offer.offered();
  }

  Context& context_;
  const Arguments& args_;
  const fleet::ServiceView& view_;
  const fleet::CommitNotes& notes_;
  std::set<std::string> told_;
  bool any_ = false;
};

/// An engine that lists no units may have a set down all the same: such sets are asked for.
void read_units(fleet::Fleet& fleet, fleet::ServiceView& view, const Deadline& deadline) {
  for (auto& set : view.sets)
    if (set.state == "live" && !set.cut.value_or(true)) fleet.read_units(set, deadline);
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
    CDCTL_TRY_ASSIGN(const auto services, asked_services(context, args));
    const Deadline deadline(timeout);
    // What is out there is asked first: a server of sources that hangs takes all that is left, and
    // what has fallen is offered all the same. An engine that hangs leaves the sources a third.
    const auto part = deadline.at_most(timeout * 2 / 3);
    fleet::Fleet fleet(context);
    fleet.load(args.words, part);
    fleet.load_holds(part);
    fleet.load_rights(part);
    for (const auto* service : services)
      if (auto* view = fleet.service(service->name); !view->error) read_units(fleet, *view, part);
    const auto newest = fleet::newest_sources(context, services, deadline);
    const fleet::CommitNotes notes(context);
    bool any = false;
    for (const auto* service : services) {
      auto* view = fleet.service(service->name);
      if (view->error)
        context.report_record(service->name, "listing sets", *view->error);
      else
        any = ServiceOffers(context, args, *view, notes).write(newest.at(service->name)) || any;
    }
    if (args.words.empty()) fleet::report_broken(context);
    note_nothing(context);
    if (any && args.has("exit-code") && context.exit_code() == 0)
      context.note_exit(ExitCode::something);
    return {};
  });
}

}  // namespace cdctl::cli
