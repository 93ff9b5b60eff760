#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>

namespace cdctl {

using Millis = std::chrono::milliseconds;
/// A point in time in UTC, in milliseconds: the resolution of every record.
using Time = std::chrono::sys_time<Millis>;

[[nodiscard]] Time now();
/// `2026-11-23T04:11:30.120Z`
[[nodiscard]] std::string to_rfc3339(Time time);
/// RFC 3339 with any offset and any number of fractional digits (cut to milliseconds).
[[nodiscard]] std::optional<Time> parse_rfc3339(std::string_view text);
/// `500ms`, `10s`, `5m`, `1h30m`, `2d`, `1w`; a bare `0` is allowed.
[[nodiscard]] Result<Millis> parse_duration(std::string_view text);
/// The shortest exact spelling that parse_duration reads: `1h30m`.
[[nodiscard]] std::string to_duration(Millis duration);
/// As people say it: `4s`, `3m`, `2h`, `5d`.
[[nodiscard]] std::string to_age(Millis age);

/// The point by which a call must have ended, on the monotonic clock.
class Deadline {
 public:
  Deadline() : at_(std::chrono::steady_clock::time_point::max()) {}
  explicit Deadline(Millis from_now)
      : at_(std::chrono::steady_clock::now() + from_now), given_(from_now) {}

  [[nodiscard]] bool passed() const { return std::chrono::steady_clock::now() >= at_; }
  /// Time left, never negative; at most a day, so that it fits every system call.
  [[nodiscard]] Millis left() const;
  /// The earlier of this and `from_now`.
  [[nodiscard]] Deadline at_most(Millis from_now) const;
  /// How long there was from its begin on, `3s`: for the error that it was not enough. What the
  /// last of several calls had of it would say nothing.
  [[nodiscard]] std::string given() const;

 private:
  std::chrono::steady_clock::time_point at_;
  Millis given_ = Millis::max();
};

}  // namespace cdctl
