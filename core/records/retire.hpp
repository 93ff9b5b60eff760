#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.retire/1`: what `retire` did.
struct RetireRecord {
  static constexpr ColumnRow k_columns[] = {{"SERVICE", "service"},
                                            {"OK", "ok", Show::yes},
                                            {"REAPED", "reaped"},
                                            {"FORGOTTEN", "forgotten"},
                                            {"QUEUES", "queues", Show::words}};
  static constexpr RecordRow k_head = head("cdctl.retire/1", "The end of a service", k_columns);

  std::string service;
  bool ok = false, changed = false;
  std::int64_t reaped = 0, forgotten = 0;
  std::vector<std::string> queues;
  std::string error;
  std::optional<std::int64_t> exit;
  bool dry_run = false;
  std::string by;
  Time time;

  static constexpr auto rows() {
    return std::tuple{required("service", &RetireRecord::service, "service"),
                      required("ok", &RetireRecord::ok, "flag"),
                      required("changed", &RetireRecord::changed, "flag"),
                      required("reaped", &RetireRecord::reaped, "integer >= 0"),
                      required("forgotten", &RetireRecord::forgotten, "integer >= 0"),
                      required("queues", &RetireRecord::queues, "list of text"),
                      optional("error", &RetireRecord::error, "text"),
                      optional("exit", &RetireRecord::exit, "integer"),
                      optional("dry_run", &RetireRecord::dry_run, "true"),
                      required("by", &RetireRecord::by, "text"),
                      required("time", &RetireRecord::time, "time")};
  }
};

}  // namespace cdctl::records
