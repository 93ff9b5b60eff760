#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.hold/1`: what `hold` and `resume` did.
struct HoldRecord {
  static constexpr const char* k_what = "only target: target {target}\nelse: {service}";
  static constexpr ColumnRow k_columns[] = {{"SERVICE", "", Show::note, false, 0, k_what},
                                            {"SET", "set", Show::blank},
                                            {"HELD", "held", Show::yes},
                                            {"UNTIL", "until"},
                                            {"BY", "by"},
                                            {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head = head(
      "cdctl.hold/1",
      "A freeze of a service's deploys, of one revision, or of what lands on a target", k_columns);

  std::string service, set, target;
  bool held = false, changed = false;
  std::optional<Time> since;
  std::optional<std::optional<Time>> until;  ///< of a freeze; null: until somebody lifts it
  std::string why, by;
  bool dry_run = false;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("service", &HoldRecord::service, "service or null", "null: of a target"),
        optional("set", &HoldRecord::set, "set", "one revision alone that is held out"),
        optional("target", &HoldRecord::target, "text", "nothing lands on it"),
        required("held", &HoldRecord::held, "flag"),
        required("changed", &HoldRecord::changed, "flag"),
        optional("since", &HoldRecord::since, "time"),
        optional("until", &HoldRecord::until, "time or null", "null: until somebody lifts it"),
        optional("why", &HoldRecord::why, "text"),
        required("by", &HoldRecord::by, "text"),
        optional("dry_run", &HoldRecord::dry_run, "true"),
        required("time", &HoldRecord::time, "time")};
  }
};

}  // namespace cdctl::records
