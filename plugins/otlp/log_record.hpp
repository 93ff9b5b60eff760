#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <cdctl/json.hpp>

namespace cdctl::otlp {

/// A record as a log record of OpenTelemetry, with the conventions for CI/CD (deploys, landings)
/// and what else it tells as `cdctl.*`. `observed`: when we pass it on, in ms.
[[nodiscard]] Json log_record_of(const Json& record, std::int64_t observed);

/// The body of a request to /v1/logs: the records below the service and version that they are of.
/// `environment`: of deployment.environment.name; may be empty.
[[nodiscard]] Json export_request(std::span<const Json> records, const std::string& environment,
                                  std::int64_t observed);

}  // namespace cdctl::otlp
