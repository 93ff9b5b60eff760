#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// The limit of a set's user. 0 is the cut; a negative number means no limit, as does none.
struct UserLimit {
  std::optional<std::int64_t> most;
  [[nodiscard]] bool cut() const { return most == 0; }
};

/// From the `limits` of a user as GET /users gives it.
[[nodiscard]] UserLimit limit_of(const Json& user);
/// Empty when there is no such user.
[[nodiscard]] Result<std::optional<UserLimit>> read_limit(Management& management,
                                                          const std::string& user,
                                                          const Deadline& deadline);
/// False when there is no such user. Durable at once: it outlives a broker killed right after.
[[nodiscard]] Result<bool> set_limit(Management& management, const std::string& user,
                                     std::int64_t most, const Deadline& deadline);
[[nodiscard]] Result<> clear_limit(Management& management, const std::string& user,
                                   const Deadline& deadline);

/// How the closing of a user's connections went.
struct Closing {
  std::int64_t closed = 0, passes = 0;
  std::int64_t stale = 0;  ///< entries that the broker still lists without a connection behind them
  std::int64_t left = 0;   ///< connections that are still open at the deadline
  std::string named;       ///< some of them, and the nodes that they are on
};

/// Whose connections: the list by user is short, but a user that was deleted has none; its
/// connections are then looked for among all.
enum class Owner { there, deleted };

/// The user's open connections, from a list that is fresh: the node of each by its name. No such
/// user = none.
using Connections = std::map<std::string, std::string>;
[[nodiscard]] Result<Connections> open_connections(Management& management, const std::string& user,
                                                   Owner owner, const Deadline& deadline);

/// Closes every connection of `user`, each by name and all at once, until the list stays empty;
/// gives up when 6 s have brought none less. `reason` is what the clients are told. The user must
/// be kept from connecting again before, or this never ends well.
[[nodiscard]] Result<Closing> close_connections(Management& management, const std::string& user,
                                                Owner owner, const std::string& reason,
                                                const Deadline& deadline);

}  // namespace cdctl::rabbit
