#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// Severities in rising order. What each is called elsewhere is in one table, signal_severity.cpp.
enum class Severity { debug, info, warning, error, critical };
[[nodiscard]] std::string_view to_string(Severity severity);
/// Also accepts fatal, err, warn, notice and the like.
[[nodiscard]] std::optional<Severity> parse_severity(std::string_view text);
/// A syslog level or a journal PRIORITY, 0 (emergency) to 7 (debug).
[[nodiscard]] std::optional<Severity> severity_of_syslog(std::int64_t level);
/// A severity number of OpenTelemetry, and of the CloudEvents extension: 1 to 24.
[[nodiscard]] std::optional<Severity> severity_of_number(std::int64_t number);
[[nodiscard]] int syslog_of(Severity severity);
[[nodiscard]] int number_of(Severity severity);
/// In the upper case of OpenTelemetry: `FATAL`.
[[nodiscard]] std::string_view text_of(Severity severity);

/// The signal that nobody works on a service. It is about the service and no set of it, so that no
/// rule takes it for a reason to cut one; a rule that names it does.
inline constexpr std::string_view k_outage_signal = "service/outage";

/// Checks a flat signal and fills what can be: schema, id, service and revision from set, key,
/// time. Exit code `failed` with the reason when it cannot be a signal (no set, unknown severity,
/// other schema).
[[nodiscard]] Result<Json> normal_signal(Json flat);

/// The flat record as a CloudEvent 1.0: the wire form. The one place of the mapping, with its
/// reverse. Three identities stay apart: `id` with `source` is this occurrence, `key` the
/// condition, `correlation` the run it belongs to.
[[nodiscard]] Json to_cloud_event(const Json& flat);
/// A flat record from either form. Passes through normal_signal.
[[nodiscard]] Result<Json> from_either_form(Json json);

/// Whether the signal says of itself that it no longer counts at `clock` (its `expires`).
[[nodiscard]] bool expired(const Json& flat, Time clock);

/// `thumbs.r5f0c1e9a2b.critical`: the AMQP routing key of a signal.
[[nodiscard]] std::string routing_key(const Json& flat);

/// The event time that windows and ages use: `time` clamped to `received` ± 30 s.
[[nodiscard]] std::optional<Time> event_time(const Json& flat);

/// A new signal id: time-ordered and unique.
[[nodiscard]] std::string new_id();

}  // namespace cdctl
