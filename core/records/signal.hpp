#pragma once

#include <cdctl/record.hpp>

namespace cdctl::records {

/// Good and bad observations of an interval: what rates are made of.
struct SignalCounts {
  std::int64_t ok = 0, failed = 0;
  std::optional<std::int64_t> interval_ms;

  static constexpr auto rows() {
    return std::tuple{required("ok", &SignalCounts::ok, "integer >= 0"),
                      required("failed", &SignalCounts::failed, "integer >= 0"),
                      optional("interval_ms", &SignalCounts::interval_ms, "integer >= 0")};
  }
};

/// `cdctl.signal/1`: one observation about a set, as it is read. How one is made whole, and
/// checked, is in <cdctl/signal.hpp>, since plugins do it, too; whoever sends one may add members
/// of his own.
struct Signal {
  static constexpr ColumnRow k_columns[] = {{"TIME", "time", Show::clock, false, 14},
                                            {"SEVERITY", "severity", Show::text, false, 9},
                                            {"SET", "set", Show::text, false, 28},
                                            {"SIGNAL", "signal", Show::text, false, 16},
                                            {"MESSAGE", "message", Show::blank}};
  static constexpr RecordRow k_head =
      head("cdctl.signal/1", "One observation about a set", k_columns, true);

  std::string id, set, service, revision, unit, severity, signal, key, message, source, correlation;
  bool cleared = false, replayed = false;
  std::optional<Time> expires;
  std::optional<SignalCounts> counts;
  Json more = {};  ///< what its sender has added
  std::string time, received;

  static constexpr auto rows() {
    return std::tuple{
        required("id", &Signal::id, "text"),
        required("set", &Signal::set, "set"),
        required("service", &Signal::service, "service"),
        required("revision", &Signal::revision, "revision"),
        optional("unit", &Signal::unit, "text"),
        required("severity", &Signal::severity, "one of debug info warning error critical"),
        required("signal", &Signal::signal, "text"),
        required("key", &Signal::key, "text", "the condition: same key, same trouble"),
        optional("message", &Signal::message, "text"),
        optional("source", &Signal::source, "text",
                 "who observed it, as a URI reference; with id the identity of this occurrence. "
                 "Absent: the set itself"),
        optional("correlation", &Signal::correlation, "text",
                 "the run it belongs to, such as a deploy"),
        optional("cleared", &Signal::cleared, "flag",
                 "true: the condition that `key` names is over"),
        optional("expires", &Signal::expires, "date", "from then on it does not count"),
        optional("counts", &Signal::counts, "object",
                 "good and bad observations of an interval: what rates are made of"),
        optional("replayed", &Signal::replayed, "flag",
                 "true: it was given before, and is given again for who starts anew"),
        further(&Signal::more),
        required("time", &Signal::time, "text"),
        optional("received", &Signal::received, "text",
                 "when the feed had it, by the feed's clock")};
  }
};

}  // namespace cdctl::records
