#pragma once

#include <optional>
#include <string>

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.want/1`: how many units of a process `want` would like a set to have, and from which
/// figures. Without `units` there is no wish.
struct Want {
  static constexpr ColumnRow k_columns[] = {{"SET", "set"},         {"PROCESS", "process"},
                                            {"NOW", "now"},         {"WANT", "units"},
                                            {"WAITING", "waiting"}, {"WHY", "why", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.want/1", "How many units of a process a set should have", k_columns);

  std::string service, revision, set, process;
  std::optional<std::int64_t> units, now;
  std::int64_t min = 1, max = 1;
  std::vector<std::string> queues;
  std::optional<std::int64_t> waiting, held;
  std::optional<double> in_per_s, done_per_s, unit_per_s;
  std::string why;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("service", &Want::service, "service"),
        required("revision", &Want::revision, "revision"),
        required("set", &Want::set, "set"),
        required("process", &Want::process, "text", "a process type of its Procfile"),
        required("units", &Want::units, "integer >= 1 or null", "null: no wish; see why"),
        required("now", &Want::now, "integer >= 0 or null", "what it wanted when this was said"),
        required("min", &Want::min, "integer >= 1", "of [scale] in the service's file"),
        required("max", &Want::max, "integer >= 1", "of [scale] in the service's file"),
        optional("queues", &Want::queues, "list of text", "whose figures these are"),
        optional("waiting", &Want::waiting, "integer >= 0", "messages that no worker has taken"),
        optional("held", &Want::held, "integer >= 0", "messages that a worker holds"),
        optional("in_per_s", &Want::in_per_s, "number", "messages that came since the last look"),
        optional("done_per_s", &Want::done_per_s, "number",
                 "messages that were done with since the last look"),
        optional("unit_per_s", &Want::unit_per_s, "number",
                 "what one unit gets done while there is enough to do"),
        required("why", &Want::why, "text"),
        required("time", &Want::time, "time")};
  }
};

}  // namespace cdctl::records
