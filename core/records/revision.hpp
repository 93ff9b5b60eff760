#pragma once

#include <cdctl/record.hpp>

#include "core/records/sources.hpp"

namespace cdctl::records {

/// `cdctl.revision/1`: a revision that is newer than what is out there.
struct Revision {
  static constexpr ColumnRow k_columns[] = {{"SERVICE", "service"},
                                            {"REVISION", "revision"},
                                            {"WHY", "why"},
                                            {"SOURCES", "sources", Show::sources},
                                            {"SET", "set", Show::text, true}};
  static constexpr RecordRow k_head =
      head("cdctl.revision/1", "A revision that is newer than what is out there", k_columns);

  std::string service, revision, set;
  Sources sources;
  std::string why;
  std::optional<bool> offered;
  std::string held;
  Time time;

  static constexpr auto rows() {
    return std::tuple{
        required("service", &Revision::service, "service"),
        required("revision", &Revision::revision, "revision"),
        required("set", &Revision::set, "set"),
        required("sources", &Revision::sources, "map of object"),
        required("why", &Revision::why, "text",
                 "NAME-newer, first, unfinished, down, locked-out, rights, stopped, backwards, "
                 "known-bad, held, held-out, max-sets, out-there"),
        optional("offered", &Revision::offered, "flag",
                 "false: held back, only written with --all"),
        optional("held", &Revision::held, "text", "why it is not offered"),
        required("time", &Revision::time, "time")};
  }
};

}  // namespace cdctl::records
