#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// `cdctl.signal/1`: one observation about a set. How it is read and made whole is in
/// <cdctl/signal.hpp>, since plugins do it, too; whoever sends one may add members of his own.
struct Signal {
  static constexpr ColumnRow k_columns[] = {{"TIME", "time", Show::clock, false, 14},
                                            {"SEVERITY", "severity", Show::text, false, 9},
                                            {"SET", "set", Show::text, false, 28},
                                            {"SIGNAL", "signal", Show::text, false, 16},
                                            {"MESSAGE", "message", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.signal/1", "One observation about a set", k_columns, true);

  static constexpr MemberRow k_counts[] = {{"ok", "integer >= 0"},
                                           {"failed", "integer >= 0"},
                                           {"interval_ms", "integer >= 0", "", Presence::optional}};
  static constexpr MemberRow k_rows[] = {
      {"id", "text"},
      {"set", "set"},
      {"service", "service"},
      {"revision", "revision"},
      {"unit", "text", "", Presence::optional},
      {"severity", "one of debug info warning error critical"},
      {"signal", "text"},
      {"key", "text", "the condition: same key, same trouble"},
      {"message", "text", "", Presence::optional},
      {"source", "text",
       "who observed it, as a URI reference; with id the identity of this occurrence. Absent: the "
       "set itself",
       Presence::optional},
      {"correlation", "text", "the run it belongs to, such as a deploy", Presence::optional},
      {"cleared", "flag", "true: the condition that `key` names is over", Presence::optional},
      {"expires", "date", "from then on it does not count", Presence::optional},
      {"counts", "object", "good and bad observations of an interval: what rates are made of",
       Presence::optional, k_counts, std::size(k_counts)},
      {"time", "text"},
      {"received", "text", "when the feed had it, by the feed's clock", Presence::optional}};
};

}  // namespace cdctl::records
