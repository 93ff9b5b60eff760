#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include <cdctl/time.hpp>

#include "core/app/context.hpp"
#include "core/metrics/exposition.hpp"

namespace cdctl::metrics {

/// What was counted since the first time that this configuration was asked: counters must not fall
/// when the log is rotated or the feed forgets. Kept in the home, with how far log and feed were
/// read, so that each record counts once however many ask. Each configuration of a home counts for
/// itself: what it calls `(other)` another one knows by its name, and its feed may be another one.
struct Tally {
  /// service, action, result
  std::map<std::tuple<std::string, std::string, std::string>, std::int64_t> actions;
  std::map<std::string, Histogram> durations;  ///< by action
  std::map<std::pair<std::string, std::string>, Time>
      last;  ///< service and action: when it last did something
  std::map<std::pair<std::string, std::string>, std::int64_t> signals;  ///< service, severity
  std::string log_position, feed_position;

  void count_outcome(const Json& record, const Config& config);
  void count_signal(const Json& record, const Config& config);
};

/// Where the tally of a configuration is kept.
[[nodiscard]] std::filesystem::path tally_file(const app::Context& context);

[[nodiscard]] Json to_json(const Tally& tally);
/// What cannot be read counts from nothing: a counter may begin anew.
[[nodiscard]] Tally tally_from_json(const Json& json);

/// The tally of a configuration with all that came since it was taken last, and what could not be
/// read.
struct Taken {
  Tally tally;
  std::optional<Error> log_error, feed_error;
  bool behind = false;  ///< there are more signals than there was time for
};
/// Reads on, counts, and keeps it. At most half of the deadline goes to signals.
[[nodiscard]] Taken take_tally(app::Context& context, const Deadline& deadline);

}  // namespace cdctl::metrics
