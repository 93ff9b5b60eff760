#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <cdctl/json.hpp>

namespace cdctl::rabbit {

/// Names that the workers of a framework make up by themselves, and what they do with them: a part
/// of a regular expression of RabbitMQ's permissions.
struct OwnNames {
  std::string_view pattern;
  bool write = true, read = true;
  bool control = false;  ///< the virtual host has one for all: every worker hears every other
};

/// What workers that are written with a client library, or with a framework upon one, ask of the
/// broker beside reading their queues. All of them declare queues and exchanges, and bind them.
struct Framework {
  std::string_view name;                ///< in the service's file: celery
  std::string_view title;               ///< Celery
  std::string_view queue = {};          ///< the one it has by default
  std::string_view url_variable = {};   ///< where it looks for the broker's address by itself
  std::string_view node_variable = {};  ///< what its units call themselves, if it lets them
  bool default_exchange = false;        ///< it publishes to queues by their names: retries, results
  bool queue_exchanges = false;         ///< each queue has an exchange of its name
  bool helpers = false;                 ///< its main process alone may be told to end
  bool parks = false;            ///< each queue has a .DQ for what waits and a .XQ for what is dead
  std::int64_t connections = 1;  ///< that a unit holds, where that is more than one
  std::span<const OwnNames> names = {};

  /// Where its workers put what is dead in a queue; empty when they make no queue for that.
  [[nodiscard]] std::string parked(std::string_view of) const;
  /// What its workers declare their queues with, beside the type.
  [[nodiscard]] Json queue_arguments(std::string_view of) const;
};

[[nodiscard]] std::span<const Framework> frameworks();
/// Null when cdctl knows none of this name.
[[nodiscard]] const Framework* find_framework(std::string_view name);

/// Whether this is the pattern of names of a framework.
[[nodiscard]] bool is_own_names(std::string_view pattern);

}  // namespace cdctl::rabbit
