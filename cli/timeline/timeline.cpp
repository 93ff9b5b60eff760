#include "cli/timeline/timeline.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include <cdctl/signal.hpp>
#include <cdctl/text.hpp>

#include "core/records/outcome.hpp"
#include "core/records/signal.hpp"

namespace cdctl::cli {

std::string_view to_string(TimelinePhase phase) {
  switch (phase) {
    case TimelinePhase::out:
      return "out";
    case TimelinePhase::trial:
      return "trial";
    case TimelinePhase::cut:
      return "cut";
    case TimelinePhase::unknown:
      break;
  }
  return "unknown";
}

std::string_view to_string(TimelineMark::Kind kind) {
  switch (kind) {
    case TimelineMark::Kind::deploy:
      return "deploy";
    case TimelineMark::Kind::cut:
      return "cut";
    case TimelineMark::Kind::trial:
      return "trial";
    case TimelineMark::Kind::mend:
      return "mend";
    case TimelineMark::Kind::reap:
      return "reap";
    case TimelineMark::Kind::signal:
      break;
  }
  return "signal";
}

namespace {

/// Beside the time an action took: clocks of two machines.
constexpr Millis k_slack(1000);

struct Change {
  Time at;
  std::optional<TimelinePhase> to;  ///< empty: it was removed
  bool repair = false;              ///< a deploy: of a set that is out there it changes nothing
};

class Builder {
 public:
  Builder(const TimelineFacts& facts, Time from, Time to) : facts_(facts), from_(from), to_(to) {}

  TimelineLane run() {
    lane_.set = facts_.name;
    lane_.newest = facts_.newest;
    for (const auto& outcome : facts_.outcomes) log(outcome);
    begin();
    memories();
    if (facts_.reaped_at) remember(TimelineMark::Kind::reap, *facts_.reaped_at, {}, "", "");
    settle();
    spans();
    state();
    signals();
    std::ranges::stable_sort(lane_.marks, {}, &TimelineMark::at);
    std::erase_if(lane_.marks,
                  [&](const TimelineMark& mark) { return mark.at < from_ || mark.at > to_; });
    return std::move(lane_);
  }

 private:
  /// A mark and the change it made: they have the same place in their lists.
  void note(TimelineMark::Kind kind, Time at, std::optional<TimelinePhase> to, std::string text,
            std::string by, Millis took = Millis(0)) {
    lane_.marks.push_back({kind, at, std::move(text), std::move(by), {}, 1, at});
    changes_.push_back({at, to, kind == TimelineMark::Kind::deploy && to == TimelinePhase::out});
    took_.push_back(took);
  }

  /// What the memory says, unless the log told of the same: then of that the moment is the
  /// memory's, since an outcome is written at the end.
  void remember(TimelineMark::Kind kind, Time at, std::optional<TimelinePhase> to, std::string text,
                std::string by) {
    for (auto i = lane_.marks.size(); i-- > 0;) {
      auto& mark = lane_.marks[i];
      if (mark.kind != kind || at < mark.at - took_[i] - k_slack || at > mark.at + k_slack)
        continue;
      if (!text.empty()) mark.text = std::move(text);
      if (mark.by.empty()) mark.by = std::move(by);
      mark.at = mark.until = changes_[i].at = at;
      return;
    }
    note(kind, at, to, std::move(text), std::move(by));
  }

  void settle() {
    std::ranges::stable_sort(changes_, {}, &Change::at);
    for (std::size_t i = 1; i < changes_.size(); ++i)
      if (changes_[i].repair && changes_[i - 1].to && *changes_[i - 1].to != TimelinePhase::unknown)
        changes_[i].to = changes_[i - 1].to;
  }

  void begin() {
    const auto& first = facts_.first_deployed_at;
    if (facts_.deployed_at)
      remember(TimelineMark::Kind::deploy, *facts_.deployed_at, TimelinePhase::out, "", "");
    if (!first || !facts_.deployed_at || *first >= *facts_.deployed_at) return;
    remember(TimelineMark::Kind::deploy, *first, TimelinePhase::unknown, "for the first time",
             "");  // when it went in between, the log may tell
  }

  void memories() {
    const auto& memo = facts_.cut_memo;
    if (!memo) return;
    const bool was_cut = memo->cut || memo->prev_limit || !memo->why.empty();
    if (was_cut)
      remember(TimelineMark::Kind::cut, memo->at, TimelinePhase::cut, memo->why,
               memo->mended_at ? "" : memo->by);
    if (memo->mended_at && was_cut)
      remember(TimelineMark::Kind::mend, *memo->mended_at, TimelinePhase::out, "", memo->by);
    if (memo->probation)
      remember(TimelineMark::Kind::trial, memo->probation->since, TimelinePhase::trial,
               fmt::format("until {}", short_time(memo->probation->until)), memo->probation->by);
  }

  void log(const Json& record) {
    const auto outcome = records::decode<records::Outcome>(record);
    const auto at = outcome.time;
    if (at == Time() || !outcome.changed) return;
    const auto& [action, why, by] = std::tie(outcome.action, outcome.why, outcome.by);
    const auto took = Millis(static_cast<std::int64_t>(outcome.took_ms));
    if (record["trial"].is_object()) return log_trial(outcome, record["trial"], took);
    if (!outcome.ok) return;
    if (action == "deploy") {
      note(TimelineMark::Kind::deploy, at, TimelinePhase::out, with_landings(why, record), by,
           took);
    } else if (action == "break") {
      note(TimelineMark::Kind::cut, at, TimelinePhase::cut, why, by, took);
    } else if (action == "mend") {
      note(TimelineMark::Kind::mend, at, TimelinePhase::out, why, by, took);
    } else if (action == "reap") {
      note(TimelineMark::Kind::reap, at, {}, why, by, took);
    }
  }

  /// `trunk-newer; brings fix, words; trunk: Fix the colours (Alice)`
  static std::string with_landings(const std::string& why, const Json& record) {
    std::vector<std::string> parts, names;
    if (!why.empty()) parts.push_back(why);
    for (const auto& one : record["landings"].items()) names.push_back(one["proposal"].as_string());
    if (!names.empty()) parts.push_back("brings " + joined(names));
    for (const auto& one : record["commits"].items())
      if (auto text = commit_text(one); !text.empty()) parts.push_back(std::move(text));
    return joined(parts, "; ");
  }
  static std::string commit_text(const Json& commit) {
    const auto subject = commit["subject"].view(), author = commit["author"].view();
    if (subject.empty()) return {};
    return fmt::format("{}: {}{}", commit["source"].view(), subject,
                       author.empty() ? "" : fmt::format(" ({})", author));
  }

  /// A trial that is over. Its outcome was written at its end, and by whoever ended it.
  void log_trial(const records::Outcome& outcome, const Json& trial, Millis took) {
    const auto end = trial["end"].view();
    const bool passed = end == "passed";
    if (!passed && end != "failed") return;  // who ended it has told
    const auto why = fmt::format("its trial {}: {}", end, trial["why"].view());
    if (const auto begun = parse_rfc3339(trial["since"].view()))
      note(TimelineMark::Kind::trial, *begun, TimelinePhase::trial,
           fmt::format("until {}", short_time(outcome.time)), outcome.by);
    note(passed ? TimelineMark::Kind::mend : TimelineMark::Kind::cut, outcome.time,
         passed ? TimelinePhase::out : TimelinePhase::cut, why, outcome.by, took);
  }

  void add(Time from, Time to, TimelinePhase phase) {
    from = std::max(from, from_);
    to = std::min(to, to_);
    if (from < to) lane_.spans.push_back({from, to, phase});
  }

  void spans() {
    for (std::size_t i = 0; i + 1 < changes_.size(); ++i)
      if (changes_[i].to) add(changes_[i].at, changes_[i + 1].at, *changes_[i].to);
    if (changes_.empty()) {  // it is there, and nobody wrote down since when
      if (facts_.present) add(from_, to_, TimelinePhase::unknown);
      return;
    }
    const auto& last = changes_.back();
    if (!last.to && !facts_.present) return;
    add(last.at, to_, last_phase(last.to.value_or(TimelinePhase::unknown)));
  }

  /// What was written down last holds until now only when a look at it now says the same.
  [[nodiscard]] TimelinePhase last_phase(TimelinePhase noted) const {
    if (!facts_.present || !facts_.cut) return TimelinePhase::unknown;
    const bool kept_out = noted == TimelinePhase::cut || noted == TimelinePhase::trial;
    return kept_out == *facts_.cut ? noted : TimelinePhase::unknown;
  }

  void state() {
    const bool removed = !changes_.empty() && !changes_.back().to;
    if (!facts_.present) {
      lane_.state = removed || facts_.reaped_at ? "reaped" : facts_.absent ? "gone" : "unknown";
      return;
    }
    lane_.state = facts_.state;
  }

  /// Like signals that follow each other closely are one mark; what is no trouble is none.
  void signals() {
    const auto close = std::max(Millis((to_ - from_) / 80), Millis(1000));
    std::map<std::string, std::size_t> open;
    for (const auto& signal : facts_.signals) {
      const auto said = records::decode<records::Signal>(signal);
      const auto severity = parse_severity(said.severity);
      const auto at = event_time(signal);
      if (!severity || *severity < Severity::warning || !at || said.cleared) continue;
      const auto &name = said.signal, &message = said.message;
      const auto key = said.severity + " " + name;
      const auto text = message.empty() ? name : fmt::format("{}: {}", name, message);
      if (const auto run = open.find(key);
          run != open.end() && *at - lane_.marks[run->second].until <= close) {
        auto& mark = lane_.marks[run->second];
        mark.text = text;
        mark.until = std::max(mark.until, *at);
        ++mark.count;
        continue;
      }
      open[key] = lane_.marks.size();
      lane_.marks.push_back({TimelineMark::Kind::signal, *at, text,
                             said.unit.empty() ? "" : "unit " + said.unit,
                             std::string(to_string(*severity)), 1, *at});
    }
  }

  const TimelineFacts& facts_;
  Time from_, to_;
  TimelineLane lane_;
  std::vector<Change> changes_;
  std::vector<Millis> took_;  ///< of the outcomes
};

}  // namespace

Time fitted_begin(const std::vector<const TimelineFacts*>& all, Time since, Time to) {
  auto first = to;
  for (const auto* facts : all) {
    const auto took = [&](std::optional<Time> at) {
      if (at) first = std::min(first, *at);
    };
    for (const auto& record : facts->outcomes) {
      const auto outcome = records::decode<records::Outcome>(record);
      if (outcome.time != Time())
        took(outcome.time - Millis(static_cast<std::int64_t>(outcome.took_ms)));
    }
    for (const auto& signal : facts->signals) took(event_time(signal));
    if (!facts->present && facts->reaped_at && *facts->reaped_at < since) continue;  // not seen
    if (facts->present && !facts->deployed_at) return since;
    took(facts->deployed_at);
    took(facts->first_deployed_at);
  }
  if (first == to) return since;  // there is nothing
  const auto margin = std::max(Millis((to - first) / 20), Millis(5000));
  return std::max(since, first - margin);
}

TimelineLane build_lane(const TimelineFacts& facts, Time from, Time to) {
  return Builder(facts, from, to).run();
}

void finish(Timeline& timeline) {
  std::erase_if(timeline.lanes,
                [](const TimelineLane& lane) { return lane.spans.empty() && lane.marks.empty(); });
  std::ranges::stable_sort(timeline.lanes, {}, [](const TimelineLane& lane) {
    return lane.spans.empty() ? lane.marks.front().at : lane.spans.front().from;
  });
}

records::TimelineRecord TimelineLane::record() const {
  records::TimelineRecord out;
  records::name_set(out, set);
  out.state = state;
  out.newest = newest;
  for (const auto& span : spans)
    out.spans.push_back({span.from, span.to, std::string(to_string(span.phase))});
  for (const auto& mark : marks) {
    auto& one = out.marks.emplace_back();
    one.time = mark.at;
    one.kind = to_string(mark.kind);
    one.text = mark.text;
    one.by = mark.by;
    if (mark.kind != TimelineMark::Kind::signal) continue;
    one.severity = mark.severity;
    one.count = mark.count;
    one.until = mark.until;
  }
  return out;
}

std::string short_time(Time time) {
  const auto text = to_rfc3339(time);
  return text.substr(5, 5) + " " + text.substr(11, 5);
}

std::string Timeline::moment(Time time) const {
  return short_time(time) +
         (to - from < std::chrono::hours(6) ? to_rfc3339(time).substr(16, 3) : std::string());
}

std::vector<TimelineTick> ticks_of(Time from, Time to, std::size_t most) {
  using namespace std::chrono;
  std::vector<TimelineTick> out;
  if (to <= from || most == 0) return out;
  constexpr std::array<std::int64_t, 17> k_steps{10,     30,      60,      300,     900,     1800,
                                                 3600,   10800,   21600,   43200,   86400,   172800,
                                                 604800, 1209600, 2592000, 7776000, 31536000};
  auto step = k_steps.back() * 1000;
  for (const auto seconds : k_steps)
    if ((to - from).count() / (seconds * 1000) < static_cast<std::int64_t>(most)) {
      step = seconds * 1000;
      break;
    }
  const auto first = (from.time_since_epoch().count() + step - 1) / step * step;
  for (auto at = first; at <= to.time_since_epoch().count() && out.size() < most; at += step) {
    const auto text = to_rfc3339(Time(Millis(at)));
    const bool midnight = at % 86400000 == 0;
    out.push_back({Time(Millis(at)), midnight       ? text.substr(5, 5)
                                     : step < 60000 ? text.substr(11, 8)
                                                    : text.substr(11, 5)});
  }
  return out;
}

}  // namespace cdctl::cli
