#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// Severities in rising order (syslog 7, 6, 4, 3, 2; OpenTelemetry 5, 9, 13, 17, 21).
enum class Severity { debug, info, warning, error, critical };
[[nodiscard]] std::string_view to_string(Severity severity);
/// Also accepts fatal, err, warn, notice and the like.
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);

/// Checks a flat signal and fills what can be: schema, id, service and revision from set, key, time. Exit code `failed`
/// with the reason when it cannot be a signal (no set, unknown severity, other schema).
[[nodiscard]] Result<Json> normal_signal(Json flat);

/// The flat record as a CloudEvent 1.0: the wire form. The one place of the mapping, with its reverse.
[[nodiscard]] Json to_cloud_event(const Json& flat);
/// A flat record from either form. Passes through normal_signal.
[[nodiscard]] Result<Json> from_either_form(Json json);

/// `thumbs.r5f0c1e9a2b.critical`: the AMQP routing key of a signal.
[[nodiscard]] std::string routing_key(const Json& flat);

/// The event time that windows and ages use: `time` clamped to `received` ± 30 s (design §4).
[[nodiscard]] std::optional<Time> event_time(const Json& flat);

/// A new signal id: time-ordered and unique.
[[nodiscard]] std::string new_id();

}  // namespace cdctl
