#pragma once

#include <compare>
#include <optional>

#include <string_view>

namespace cdctl::rabbit {

/// Which RabbitMQ it is, as far as cdctl has to know.
struct Version {
  int major = 0, minor = 0;
  auto operator<=>(const Version&) const = default;
};

/// Quorum queues have a delivery limit unless they say otherwise, and a negative one lifts it.
inline constexpr Version k_limits_by_default{4, 0};
/// A queue's argument and a policy may say another consumer timeout than the broker's.
inline constexpr Version k_timeout_by_queue{3, 12};
/// There are streams: signals are kept in one.
inline constexpr Version k_streams{3, 9};
/// The broker stamps messages with its own time, if it is told to.
inline constexpr Version k_stamps_messages{3, 12};
/// The broker tells which deprecated features are in use.
inline constexpr Version k_tells_deprecated{3, 13};
/// The limit of a user's connections holds for the stream protocol, too.
inline constexpr Version k_limits_streams{4, 3};

/// `3.10.8`, `4.1.0-rc.1`; empty when it is no version.
[[nodiscard]] std::optional<Version> parse_version(std::string_view text);

}  // namespace cdctl::rabbit
