#include <algorithm>

#include <fmt/format.h>

#include <cdctl/error_record.hpp>
#include <cdctl/stop.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/options.hpp"
#include "cli/output/context.hpp"
#include "cli/output/inspect_page.hpp"
#include "core/app/unanswered.hpp"
#include "core/feed/choice.hpp"
#include "core/fleet/commit_notes.hpp"
#include "core/fleet/commits.hpp"
#include "core/fleet/describe.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/selector.hpp"
#include "core/land/landed.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_last_signals = 20;

/// The last signals of each wanted set, from one pass over the feed.
Result<std::map<std::string, Json>> last_signals(Context& context,
                                                 const std::vector<fleet::SetView*>& sets,
                                                 Time since, const Deadline& deadline) {
  std::map<std::string, Json::Array> found;
  for (const auto* set : sets) found[set->name.str()] = {};
  CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(context, false));
  FeedQuery query;
  query.since = since;
  CDCTL_TRY_ASSIGN(const auto reader, feed->open(query, deadline));
  while (!reader->at_end()) {
    if (deadline.passed())
      return fail(ExitCode::timeout, "reading the feed took more than " + deadline.given());
    if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
    CDCTL_TRY_ASSIGN(auto signals, reader->next(std::min(deadline.left(), Millis(1000))));
    for (auto& signal : signals) {
      const bool ours = std::ranges::any_of(sets, [&](const fleet::SetView* set) {
        return set->name.service == records::get<&records::Signal::service>(signal);
      });
      if (records::is<records::ErrorRecord>(signal) && ours)
        return fail(ExitCode::unknown, records::get<&records::ErrorRecord::error>(signal));
      const auto at = found.find(records::get<&records::Signal::set>(signal));
      if (at == found.end()) continue;
      at->second.push_back(std::move(signal));
      if (at->second.size() > k_last_signals) at->second.erase(at->second.begin());
    }
  }
  std::map<std::string, Json> out;
  for (auto& [name, list] : found) out.emplace(name, Json(std::move(list)));
  return out;
}

/// What was kept of it, or else what can be read here.
Json commits_of(Context& context, const fleet::SetView& set, const Deadline& deadline) {
  auto kept = fleet::kept_commits(context, set.name);
  const auto* service = context.config().service(set.name.service);
  if (!kept.is_null() || !service) return kept;
  return fleet::known_commits(context, *service, set.record().sources, deadline);
}

}  // namespace

int run_inspect(Context& context, const Arguments& args) {
  return complete(context, [&]() -> Result<> {
    CDCTL_TRY_ASSIGN(const auto timeout,
                     duration_option(args, "timeout", std::chrono::seconds(30)));
    CDCTL_TRY_ASSIGN(const auto since, duration_option(args, "since", std::chrono::hours(1)));
    if (args.words.empty())
      return fail(ExitCode::usage, "inspect: name a SET, such as thumbs@newest");
    const Deadline deadline(timeout);
    std::vector<fleet::Selector> selectors;
    for (const auto& word : args.words) {
      CDCTL_TRY_ASSIGN(auto selector, fleet::Selector::parse(word));
      selectors.push_back(std::move(selector));
    }
    CDCTL_TRY_ASSIGN(const auto services, fleet::services_of(context, selectors));
    fleet::Fleet fleet(context);
    fleet.load(services, deadline);
    fleet.load_holds(deadline);
    fleet.load_outages(deadline);
    fleet.load_rights(deadline);
    fleet.load_work(deadline);
    for (const auto& view : fleet.services())
      if (view.error) context.report_record(view.config->name, "listing sets", *view.error);
    std::vector<fleet::SetView*> sets;
    for (const auto& selector : selectors) {
      CDCTL_TRY_ASSIGN(const auto picked, selector.pick(fleet));
      if (picked.empty())
        fleet::report_missing(context, fleet, selector, fleet::Asker::acts);  // it was named
      for (auto* set : picked)
        if (std::ranges::find(sets, set) == sets.end()) sets.push_back(set);
    }
    if (sets.empty()) return {};
    const auto signals = last_signals(context, sets, now() - since, deadline);
    if (!signals) context.report(app::unanswered(signals.error()));
    for (const auto* set : sets) {
      auto record = records::encode(set->record());
      fleet::add_commits(record, commits_of(context, *set, deadline));
      if (set->memory.cut_memo) record.set("cut_memory", to_json(*set->memory.cut_memo));
      fleet::describe(context, *set, record, deadline);
      if (auto brought = land::landings_of(context, set->name.str()); !brought.is_null())
        record.set("landings", std::move(brought));
      record.set("signals", signals ? signals->at(set->name.str()) : Json());
      if (context.out.tabular())
        context.out.text(inspect_page(record, context.out.colour(), Output::columns()));
      else
        context.out.write(record);
    }
    return {};
  });
}

}  // namespace cdctl::cli
