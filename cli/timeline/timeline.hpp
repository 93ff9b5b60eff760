#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/time.hpp>

#include "core/records/timeline.hpp"

namespace cdctl::cli {

/// What a set was, from one moment to another. `unknown`: nobody wrote it down, or it could not be
/// read.
enum class TimelinePhase { out, trial, cut, unknown };
[[nodiscard]] std::string_view to_string(TimelinePhase phase);

struct TimelineSpan {
  Time from, to;
  TimelinePhase phase = TimelinePhase::unknown;
};
/// Something that happened to a set at a moment, or a run of like signals.
struct TimelineMark {
  enum class Kind { deploy, cut, trial, mend, reap, signal };
  Kind kind = Kind::signal;
  Time at;
  std::string text, by;  ///< why; of a signal its name and last message
  std::string severity;  ///< of a signal
  std::int64_t count = 1;
  Time until = {};  ///< of a run of signals
};
[[nodiscard]] std::string_view to_string(TimelineMark::Kind kind);

struct TimelineLane {
  SetName set;
  std::string state;  ///< as of now: the word of `ls`, or `reaped`, `gone`, `unknown`
  bool newest = false;
  std::vector<TimelineSpan> spans;  ///< in order, without overlap, within the window
  std::vector<TimelineMark> marks;  ///< in order
  [[nodiscard]] records::TimelineRecord record() const;
};

/// The sets of a service side by side, oldest first.
struct Timeline {
  std::string service;
  Time from, to;
  std::vector<TimelineLane> lanes;
  std::optional<Time>
      signals_from;  ///< the feed keeps no earlier ones; empty = it could not be read
  std::vector<std::string> unknown;  ///< what could not be asked, for people
  /// `11-23 04:12`; in less than six hours with seconds, which then tell what came first.
  [[nodiscard]] std::string moment(Time time) const;
};

/// All that is known of one set, from wherever.
struct TimelineFacts {
  SetName name;
  std::optional<Time> deployed_at, first_deployed_at, reaped_at;
  std::optional<CutMemo> cut_memo;
  std::optional<bool> cut;  ///< now
  bool present = false;     ///< it is out there now
  bool absent = false;      ///< those who would know say that it is not
  bool newest = false;
  std::string state;
  std::vector<Json> outcomes;  ///< from the log, oldest first
  std::vector<Json> signals;   ///< from the feed, oldest first
};

/// When the picture begins: at `since`, or shortly before the first thing that is known where that
/// is later. A service of an hour is no dot in a week.
[[nodiscard]] Time fitted_begin(const std::vector<const TimelineFacts*>& all, Time since, Time to);

/// Pure: puts the facts together, and leaves unknown what they do not say.
[[nodiscard]] TimelineLane build_lane(const TimelineFacts& facts, Time from, Time to);
/// Sorts, and leaves out what was over before the window began.
void finish(Timeline& timeline);

/// Moments for the axis, at most `most`, on round times of UTC, and how to write them.
struct TimelineTick {
  Time at;
  std::string label;
};
[[nodiscard]] std::vector<TimelineTick> ticks_of(Time from, Time to, std::size_t most);
/// `11-23 04:12`
[[nodiscard]] std::string short_time(Time time);

}  // namespace cdctl::cli
