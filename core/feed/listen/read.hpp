#pragma once

#include <string>
#include <vector>

#include <cdctl/json.hpp>

#include "core/feed/listen/listener.hpp"

namespace cdctl::feed {

/// What a POST holds: signals that can be sent, or why it is not taken. A body is taken whole or
/// not at all; of an Alertmanager's, which does not come again after a refusal, the alerts that can
/// be used are taken.
struct ListenRead {
  std::vector<Json> signals;
  ListenAnswer
      answer;  ///< when all is well: 204, or 202 with a line when something was passed over
  std::string warning;  ///< for our own operator
};

/// CloudEvents 1.0 over HTTP (structured, binary, batched), the webhook of Alertmanager (version
/// 4), and plain JSON: one signal or an array.
[[nodiscard]] ListenRead read_arrival(const Arrival& arrival);

/// The signals of an Alertmanager's POST. Which set an alert is about, its labels must say: `set`,
/// or `service` and `revision`. The id is made of fingerprint, start and status, so that a repeated
/// notification counts once.
[[nodiscard]] ListenRead read_alerts(const Json& webhook);

}  // namespace cdctl::feed
