#pragma once

#include <string>
#include <vector>

#include <cdctl/json.hpp>
#include <cdctl/time.hpp>

#include "plugins/rabbit/broker/management.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

/// The policies of a virtual host, as the broker lists them.
struct PolicyLists {
  Json users, operators;
};

/// The two calls whose answers are these lists.
[[nodiscard]] std::vector<ApiCall> policy_calls(const std::string& vhost);

/// The two definitions that are in force for one queue. 4.3 no longer tells them itself.
struct Policies {
  Json users, operators;

  /// Exit code `refused` when nobody can say in time whether a policy holds for the queue.
  [[nodiscard]] static Result<Policies> of(const std::string& name, const Queue& queue,
                                           const PolicyLists& lists, const Deadline& deadline);
  /// What they say of a key; null when nothing.
  [[nodiscard]] const Json& operator[](const char* key) const {
    return users[key].is_null() ? operators[key] : users[key];
  }
};

/// What a policy calls the argument of a queue, `delivery-limit` for `x-delivery-limit`: such a
/// value can be changed while the queue is there. Empty of arguments that no policy sets.
[[nodiscard]] std::string_view policy_key(std::string_view argument);
/// The command that gives a queue the value by a policy.
[[nodiscard]] std::string policy_command(const std::string& vhost, const std::string& queue,
                                         std::string_view key, const Json& value);

}  // namespace cdctl::rabbit
