#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.force/1`: what `force` wrote down, or lists.
struct ForceRecord {
  static constexpr ColumnRow k_columns[] = {{"TARGET", "target"},
                                            {"STATE", "state"},
                                            {"BY", "by"},
                                            {"SINCE", "since", Show::blank},
                                            {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.force/1", "What every breaker shall hold of a set or a service", k_columns);

  std::string target, service, state, by, why;
  std::optional<Time> since = {};
  bool dry_run = false;
  Time time;

  static constexpr auto rows() {
    return std::tuple{required("target", &ForceRecord::target, "text"),
                      required("service", &ForceRecord::service, "text"),
                      required("state", &ForceRecord::state, "one of open closed observe none"),
                      optional("by", &ForceRecord::by, "text"),
                      optional("why", &ForceRecord::why, "text"),
                      optional("since", &ForceRecord::since, "time", "when it was said (a list)"),
                      optional("dry_run", &ForceRecord::dry_run, "true"),
                      required("time", &ForceRecord::time, "time")};
  }
};

}  // namespace cdctl::records
