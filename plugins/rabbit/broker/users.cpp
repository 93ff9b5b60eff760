#include "plugins/rabbit/broker/users.hpp"

#include <fmt/format.h>

namespace cdctl::rabbit {

UserLimit limit_of(const Json& user) {
  const auto& most = user["limits"]["max-connections"];
  if (!most.is_int() || most.as_int() < 0) return {};
  return {most.as_int()};
}

Result<std::optional<UserLimit>> read_limit(Management& management, const std::string& user,
                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto found, management.get_if_there({.path = path_of({"users", user}),
                                                              .doing = "reading the user " + user},
                                                             deadline));
  if (!found) return std::optional<UserLimit>();
  return std::optional(limit_of(*found));
}

Result<bool> set_limit(Management& management, const std::string& user, std::int64_t most,
                       const Deadline& deadline) {
  const Call call{.method = "PUT",
                  .path = path_of({"user-limits", user, "max-connections"}),
                  .body = Json::object({{"value", most}}),
                  .doing = fmt::format("setting the connection limit of {} to {}", user, most)};
  CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
  if (answer.ok()) return true;
  if (answer.status == 404 || (answer.status == 400 && answer.text.contains("no_such_user")))
    return false;
  return fail(management.explain(call, answer));
}

Result<> clear_limit(Management& management, const std::string& user, const Deadline& deadline) {
  const Call call{.method = "DELETE",
                  .path = path_of({"user-limits", user, "max-connections"}),
                  .doing = "removing the connection limit of " + user};
  CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
  if (answer.ok() || answer.status == 404) return {};
  return fail(management.explain(call, answer));
}

}  // namespace cdctl::rabbit
