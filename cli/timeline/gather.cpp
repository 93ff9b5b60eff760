#include "cli/timeline/gather.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/stop.hpp>

#include <cdctl/error_record.hpp>
#include "cli/output/cell.hpp"
#include "core/app/unanswered.hpp"
#include "core/feed/choice.hpp"
#include "core/fleet/fleet.hpp"
#include "core/fleet/known_service.hpp"
#include "core/records/outcome.hpp"
#include "core/records/outcome_log.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

namespace {

constexpr std::size_t k_most_signals = 20'000;  // of a set: later ones say no more about it

void take_memory(TimelineFacts& facts, const MemoryEntry& entry) {
  facts.cut_memo = entry.cut_memo;
  if (!entry.set) return;
  facts.deployed_at = entry.set->deployed_at;
  facts.first_deployed_at = entry.set->first_deployed_at;
  facts.reaped_at = entry.set->reaped_at;
}

class Gatherer {
 public:
  Gatherer(app::Context& context, std::string service, Time since, bool fit,
           const Deadline& deadline)
      : context_(context), fit_(fit), deadline_(deadline) {
    timeline_.service = std::move(service);
    timeline_.from = since;
    timeline_.to = now();
  }

  Result<Timeline> run() {
    CDCTL_TRY(sets());
    if (auto read = log(); !read) unknown("what was done from here", read.error());
    if (auto read = signals(); !read) unknown("the signals", read.error());
    if (fit_) {
      std::vector<const TimelineFacts*> all;
      for (const auto& [name, facts] : facts_) all.push_back(&facts);
      timeline_.from = fitted_begin(all, timeline_.from, timeline_.to);
    }
    for (const auto& [name, facts] : facts_)
      timeline_.lanes.push_back(build_lane(facts, timeline_.from, timeline_.to));
    finish(timeline_);
    return std::move(timeline_);
  }

 private:
  void unknown(std::string_view what, const Error& error) {
    timeline_.unknown.push_back(fmt::format("{}: {}", what, error.what));
    context_.report(app::unanswered(error).in(timeline_.service));
  }

  Result<> sets() {
    fleet::Fleet fleet(context_);
    fleet.load({timeline_.service}, deadline_);
    fleet.load_holds(deadline_);
    const auto* view = fleet.service(timeline_.service);
    if (!view->error && view->sets.empty() && view->gone.empty())
      CDCTL_TRY(fleet::find_service(context_, timeline_.service));
    if (view->error) {
      timeline_.unknown.push_back(fmt::format("all that there is: {}", view->error->what));
      context_.report_record(timeline_.service, "listing sets", *view->error);
    }
    facts_ = facts_of(*view);
    all_asked_ = !view->error;
    return {};
  }

  Result<> log() {
    CDCTL_TRY_ASSIGN(auto reader, records::LogReader::open(context_.home(), timeline_.from));
    for (;;) {
      CDCTL_TRY_ASSIGN(auto record, reader.next());
      if (!record) return {};
      const auto set = parse_set_name(records::get<&records::Outcome::set>(*record));
      if (!set || set->service != timeline_.service) continue;
      auto& facts = facts_[set->str()];
      if (facts.name.service.empty()) facts.absent = all_asked_;  // its tombstone is forgotten
      facts.name = *set;
      facts.outcomes.push_back(std::move(*record));
    }
  }

  Result<> signals() {
    CDCTL_TRY_ASSIGN(auto* const feed, feed::choose_feed(context_, false));
    FeedQuery query;
    query.since = timeline_.from;
    CDCTL_TRY_ASSIGN(const auto reader, feed->open(query, deadline_));
    while (!reader->at_end()) {
      if (deadline_.passed())
        return fail(ExitCode::timeout,
                    fmt::format("reading the feed took more than {}; --timeout gives it longer",
                                deadline_.given()));
      if (Stop::requested()) return fail(ExitCode::interrupted, "interrupted");
      CDCTL_TRY_ASSIGN(auto signals, reader->next(std::min(deadline_.left(), Millis(1000))));
      for (auto& signal : signals) {
        // One of several feeds could not be read.
        if (records::is<records::ErrorRecord>(signal))
          if (const auto said = records::decode<records::ErrorRecord>(signal);
              said.service == timeline_.service)
            unknown("the signals", {ExitCode::unknown, said.error});
        const auto at = facts_.find(records::get<&records::Signal::set>(signal));
        if (at != facts_.end() && at->second.signals.size() < k_most_signals)
          at->second.signals.push_back(std::move(signal));
      }
    }
    const auto kept = feed->keeps_for();
    timeline_.signals_from = kept ? timeline_.to - *kept : timeline_.from;
    return {};
  }

  app::Context& context_;
  bool fit_;
  Deadline deadline_;
  Timeline timeline_;
  std::map<std::string, TimelineFacts> facts_;
  bool all_asked_ = true;
};

}  // namespace

std::map<std::string, TimelineFacts> facts_of(const fleet::ServiceView& view) {
  std::map<std::string, TimelineFacts> out;
  for (const auto& set : view.sets) {
    auto& facts = out[set.name.str()];
    facts.name = set.name;
    take_memory(facts, set.memory);
    if (!facts.deployed_at) facts.deployed_at = set.deployed_at;
    facts.reaped_at.reset();
    facts.present = true;
    facts.cut = set.told_cut();
    facts.newest = set.newest && !set.foreign;
    facts.state = state_text(records::encode(set.record()));
  }
  for (const auto& [name, entry] : view.gone) {
    const auto parsed = parse_set_name(name);
    if (!parsed) continue;
    auto& facts = out[name];
    facts.name = *parsed;
    facts.absent = !view.error;
    take_memory(facts, entry);
  }
  return out;
}

Result<Timeline> gather_timeline(app::Context& context, const std::string& service, Time since,
                                 bool fit, const Deadline& deadline) {
  return Gatherer(context, service, since, fit, deadline).run();
}

}  // namespace cdctl::cli
