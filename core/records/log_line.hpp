#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.log/1`: a line that a unit of a set wrote, or that its engine says of the unit.
struct LogLineRecord {
  static constexpr ColumnRow k_columns[] = {{"TIME", "time", Show::clock, false, 14},
                                            {"SET", "set", Show::text, false, 28},
                                            {"UNIT", "unit", Show::text, false, 4},
                                            {"LINE", "line", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.log/1", "A line that a unit of a set wrote", k_columns, true);

  std::string service, revision, set, unit, process, line;
  std::optional<Time> time;
  bool engine = false;
  std::optional<std::int64_t> left_out;

  static constexpr auto rows() {
    return std::tuple{required("service", &LogLineRecord::service, "service"),
                      required("revision", &LogLineRecord::revision, "revision"),
                      required("set", &LogLineRecord::set, "set"),
                      required("unit", &LogLineRecord::unit, "text"),
                      optional("process", &LogLineRecord::process, "text", "of the Procfile"),
                      required("line", &LogLineRecord::line, "text",
                               "without its end; bytes that are not UTF-8 are U+FFFD"),
                      optional("engine", &LogLineRecord::engine, "true",
                               "not the unit's own: how it ended, what could not be written"),
                      optional("left_out", &LogLineRecord::left_out, "integer >= 0",
                               "bytes at the end of a line longer than 16 KiB"),
                      required("time", &LogLineRecord::time, "time or null",
                               "when the line was begun; null: written before times were kept")};
  }
};

}  // namespace cdctl::records
