#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// What it was, from one moment to another.
struct TimelinePart {
  Time from, to;
  std::string phase;

  static constexpr auto rows() {
    return std::tuple{required("from", &TimelinePart::from, "time"),
                      required("to", &TimelinePart::to, "time"),
                      required("phase", &TimelinePart::phase, "one of out trial cut unknown")};
  }
};

/// Something that happened to it, or a run of like signals.
struct TimelineEvent {
  Time time;
  std::string kind, text, by;
  std::string severity;
  std::optional<std::int64_t> count;
  std::optional<Time> until;

  static constexpr auto rows() {
    return std::tuple{
        required("time", &TimelineEvent::time, "time"),
        required("kind", &TimelineEvent::kind, "one of deploy cut trial mend reap signal"),
        required("text", &TimelineEvent::text, "text"),
        optional("by", &TimelineEvent::by, "text"),
        optional("severity", &TimelineEvent::severity, "one of warning error critical"),
        optional("count", &TimelineEvent::count, "integer >= 1"),
        optional("until", &TimelineEvent::until, "time")};
  }
};

/// `cdctl.timeline/1`: a set of `timeline`.
struct TimelineRecord {
  static constexpr RecordRow k_head =
      head("cdctl.timeline/1", "What a set was over a time, and what happened to it");

  std::string service, revision, set, state;
  bool newest = false;
  std::vector<TimelinePart> spans;
  std::vector<TimelineEvent> marks;

  static constexpr auto rows() {
    return std::tuple{required("service", &TimelineRecord::service, "text"),
                      required("revision", &TimelineRecord::revision, "revision"),
                      required("set", &TimelineRecord::set, "text"),
                      required("state", &TimelineRecord::state, "text"),
                      required("newest", &TimelineRecord::newest, "flag"),
                      required("spans", &TimelineRecord::spans, "list of object"),
                      required("marks", &TimelineRecord::marks, "list of object")};
  }
};

}  // namespace cdctl::records
