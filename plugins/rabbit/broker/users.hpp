#pragma once

#include <cstdint>
#include <optional>
#include <string>

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

}  // namespace cdctl::rabbit
