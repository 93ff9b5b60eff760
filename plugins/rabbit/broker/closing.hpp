#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/rabbit/broker/management.hpp"

namespace cdctl::rabbit {

/// How the closing of a user's connections went.
struct Closing {
  std::int64_t closed = 0, passes = 0;
  std::int64_t stale = 0;  ///< entries that the broker still lists without a connection behind them
  std::int64_t left = 0;   ///< connections that are still open at the deadline
};

/// Whose connections: the list by user is short, but a user that was deleted has none; its
/// connections are then looked for among all.
enum class Owner { there, deleted };

/// Names of the user's open connections, from a list that is fresh. No such user = none.
[[nodiscard]] Result<std::vector<std::string>> open_connections(Management& management,
                                                                const std::string& user,
                                                                Owner owner,
                                                                const Deadline& deadline);

/// Closes every connection of `user`, each by name and all at once, until the list stays empty;
/// gives up when 6 s have brought none less. `reason` is what the clients are told. The user must
/// be kept from connecting again before, or this never ends well.
[[nodiscard]] Result<Closing> close_connections(Management& management, const std::string& user,
                                                Owner owner, const std::string& reason,
                                                const Deadline& deadline);

}  // namespace cdctl::rabbit
