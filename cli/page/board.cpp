#include "cli/page/board.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/signal.hpp>

#include "core/records/outcome.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

namespace {

constexpr Millis k_unheard_of(5 * 60'000);  // a set that no look has found yet
constexpr std::size_t k_most_stories = 4'000;

void keep_last(std::deque<Json>& list, std::size_t most) {
  while (list.size() > most) list.pop_front();
}

Time time_of(const Json& record) { return parse_rfc3339(record["time"].view()).value_or(Time()); }

/// Of each kind the last ones.
void keep_last_marks(std::vector<TimelineMark>& marks, std::size_t most) {
  for (const bool signals : {false, true}) {
    const auto is = [&](const TimelineMark& mark) {
      return (mark.kind == TimelineMark::Kind::signal) == signals;
    };
    auto surplus = static_cast<std::size_t>(std::ranges::count_if(marks, is));
    surplus -= std::min(surplus, most);
    std::erase_if(
        marks, [&](const TimelineMark& mark) { return surplus > 0 && is(mark) && surplus-- > 0; });
  }
}

/// Of a set of which half could be asked: that it was cut, and why, is no less known than before.
void keep_cut(Json& set, const Json& before) {
  if (set["cut"].is_bool() && !set["cut"].as_bool()) return;
  const bool was = before["cut"].is_null() ? !before["cut_at"].is_null() : before["cut"].as_bool();
  if (!was) return;
  if (set["cut"].is_null()) set.set("state", Json());
  for (const auto* member : {"cut_at", "cut_by", "cut_why"})
    if (set[member].is_null() && !before[member].is_null()) set.set(member, before[member]);
}

}  // namespace

void Board::take(BoardService service, std::map<std::string, TimelineFacts> facts) {
  auto& kept = services_[service.name];
  if (!service.error.empty()) {
    // Nobody who could not be asked has said that something went
    for (auto& set : kept.now.sets) {
      const auto& name = set["set"];
      const auto again =
          std::ranges::find_if(service.sets, [&](const Json& one) { return one["set"] == name; });
      if (again != service.sets.end()) {
        keep_cut(*again, set);
        continue;
      }
      for (const auto* member : {"state", "cut", "units"}) set.set(member, Json());
      service.sets.push_back(std::move(set));
    }
    for (auto& [name, fact] : kept.facts) {
      fact.cut.reset();
      fact.absent = false;
      if (fact.present) fact.state = "unknown";
      facts.try_emplace(name, std::move(fact));
    }
  }
  kept.now = std::move(service);
  kept.facts = std::move(facts);
}

void Board::keep_only(const std::vector<std::string>& services) {
  std::erase_if(services_, [&](const auto& pair) {
    return std::ranges::find(services, pair.first) == services.end();
  });
}

void Board::take_outcome(Json outcome) {
  if (const auto set = records::get<&records::Outcome::set>(outcome); parse_set_name(set)) {
    auto& story = stories_[set];
    ++story.count;
    story.outcomes.push_back(outcome);
    keep_last(story.outcomes, limits_.outcomes);
  }
  outcomes_.push_back(std::move(outcome));
  keep_last(outcomes_, limits_.rows);
}

bool Board::take_signal(Json signal) {
  const auto severity = parse_severity(records::get<&records::Signal::severity>(signal));
  const auto set = records::get<&records::Signal::set>(signal);
  if (!severity || *severity < Severity::warning || !parse_set_name(set)) return false;
  if (stories_.contains(set) || stories_.size() < k_most_stories) {
    auto& story = stories_[set];
    ++story.count;
    story.signals.push_back(signal);
    keep_last(story.signals, limits_.signals);
  }
  signals_.push_back(std::move(signal));
  keep_last(signals_, limits_.rows);
  return true;
}

/// What is older than the window, and the stories of what no look has found for a while.
void Board::forget(Time before) {
  const auto old = [&](const Json& signal) { return event_time(signal).value_or(Time()) < before; };
  std::erase_if(outcomes_, [&](const Json& outcome) { return time_of(outcome) < before; });
  std::erase_if(signals_, old);
  for (auto& [name, story] : stories_) {
    std::erase_if(story.outcomes, [&](const Json& outcome) { return time_of(outcome) < before; });
    std::erase_if(story.signals, old);
  }
  const auto unheard_of = before + window_ - k_unheard_of;
  std::erase_if(stories_, [&](const auto& pair) {
    const auto& [name, story] = pair;
    const auto service = services_.find(parse_set_name(name)->service);
    if (service != services_.end() && service->second.facts.contains(name)) return false;
    return story.outcomes.empty() && std::ranges::none_of(story.signals, [&](const Json& signal) {
             return event_time(signal).value_or(Time()) >= unheard_of;
           });
  });
}

Timeline Board::timeline_of(const Kept& kept, Time at) const {
  Timeline out;
  out.service = kept.now.name;
  out.to = at;
  out.signals_from = signals_from_;
  if (!kept.now.error.empty()) out.unknown.push_back(kept.now.error);
  std::vector<TimelineFacts> all;
  for (const auto& [name, facts] : kept.facts) {
    all.push_back(facts);
    const auto story = stories_.find(name);
    if (story == stories_.end()) continue;
    all.back().outcomes.assign(story->second.outcomes.begin(), story->second.outcomes.end());
    all.back().signals.assign(story->second.signals.begin(), story->second.signals.end());
  }
  std::vector<const TimelineFacts*> pointers;
  for (const auto& facts : all) pointers.push_back(&facts);
  out.from = fitted_begin(pointers, at - window_, at);
  for (const auto& facts : all) out.lanes.push_back(build_lane(facts, out.from, out.to));
  finish(out);
  if (out.lanes.size() > limits_.lanes) {
    const auto surplus = out.lanes.size() - limits_.lanes;
    out.lanes.erase(out.lanes.begin(), out.lanes.begin() + static_cast<std::ptrdiff_t>(surplus));
    out.unknown.push_back(
        fmt::format("{} more, which are older: cdctl timeline {}", surplus, out.service));
  }
  for (auto& lane : out.lanes) keep_last_marks(lane.marks, limits_.marks);
  return out;
}

void Board::draw_timeline(Kept& kept, Time at) {
  auto seen = kept.now.error;
  for (const auto& [name, facts] : kept.facts) {
    const auto story = stories_.find(name);
    seen += fmt::format(" {} {} {} {}", name, facts.state, facts.newest,
                        story == stories_.end() ? 0 : story->second.count);
  }
  if (seen == kept.seen && at - kept.drawn_at < limits_.redraw) return;
  kept.drawn = timeline_section(timeline_of(kept, at));
  kept.seen = std::move(seen);
  kept.drawn_at = at;
}

Board::Sections Board::draw(Time at) {
  forget(at - window_);
  std::vector<const BoardService*> all;
  for (const auto& [name, kept] : services_) all.push_back(&kept.now);
  const auto left_out = all.size() - std::min(all.size(), limits_.services);
  Sections out;
  out.emplace_back("summary", summary_html(all, left_out));
  if (left_out > 0) {  // those in trouble are there
    std::ranges::stable_partition(all, [](const auto* service) { return in_trouble(*service); });
    all.resize(limits_.services);
    std::ranges::sort(all, {}, &BoardService::name);
  }
  for (const auto* service : all) {
    auto& kept = services_.at(service->name);
    out.emplace_back("service/" + service->name, service_html(*service, limits_.sets));
    draw_timeline(kept, at);
    out.emplace_back("timeline/" + service->name, kept.drawn);
  }
  std::ranges::move(draw_news(), std::back_inserter(out));
  return out;
}

Board::Sections Board::draw_news() const {
  return {{"actions", actions_html(outcomes_)},
          {"signals", signals_html(signals_, signals_from_.has_value())}};
}

}  // namespace cdctl::cli
