#include "plugins/rabbit/broker/users.hpp"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>

#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/users.hpp"

namespace cdctl::rabbit {

UserLimit limit_of(const Json& user) {
  const auto& most = user["limits"]["max-connections"];
  if (!most.is_int() || most.as_int() < 0) return {};
  return {most.as_int()};
}

Result<std::optional<UserLimit>> read_limit(Management& management, const std::string& user,
                                            const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto found, management.get_if_there({.path = path_of({"users", user}),
                                                              .doing = "reading the user " + user,
                                                              .name = user},
                                                             deadline));
  if (!found) return std::optional<UserLimit>();
  return std::optional(limit_of(*found));
}

Result<bool> set_limit(Management& management, const std::string& user, std::int64_t most,
                       const Deadline& deadline) {
  const ApiCall call{.method = "PUT",
                     .path = path_of({"user-limits", user, "max-connections"}),
                     .body = Json::object({{"value", most}}),
                     .doing = fmt::format("setting the connection limit of {} to {}", user, most)};
  CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
  if (answer.ok()) return true;
  if (answer.not_there() || (answer.status == 400 && answer.text.contains("no_such_user")))
    return false;
  return fail(management.explain(call, answer));
}

Result<> clear_limit(Management& management, const std::string& user, const Deadline& deadline) {
  const ApiCall call{.method = "DELETE",
                     .path = path_of({"user-limits", user, "max-connections"}),
                     .doing = "removing the connection limit of " + user};
  CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
  if (answer.ok() || answer.not_there()) return {};
  return fail(management.explain(call, answer));
}

namespace {

constexpr Millis k_patience(6000);  ///< without one connection less
// A stuck client holds its call for 3 s: enough room that hundreds of them leave some for the
// others, and few enough for the usual limit of 1,024 open files.
constexpr std::size_t k_parallel = 512;

ApiCall delete_call(const std::string& name, const std::string& reason) {
  return {.method = "DELETE",
          .path = path_of({"connections", name}) + "?disable_stats=true",
          .doing = "closing the connection " + printable(name, 80),
          .headers = {{"X-Reason", reason}}};
}

/// Closes each by name. Closing all of a user in one call would stop at the first client that reads
/// no more, and would leave the healthy ones behind it connected.
Result<> close_each(Management& management, const std::vector<std::string>& names,
                    const std::string& reason, const Deadline& deadline) {
  std::vector<ApiCall> calls;
  for (const auto& name : names) calls.push_back(delete_call(name, reason));
  const auto answers = management.send_all(calls, deadline, k_parallel);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) {
      if (answers[i].error().exit == ExitCode::timeout)
        continue;  // the next look at the list tells
      return fail(answers[i].error());
    }
    // 404: gone meanwhile. 500: a stuck client, which the broker drops after having given up on it.
    const int status = answers[i]->status;
    if (!answers[i]->ok() && status != 404 && status != 500)
      return fail(management.explain(calls[i], *answers[i]));
  }
  return {};
}

/// How many of `names` have a connection behind them. The tracking list keeps an entry now and then
/// whose connection is gone; the statistics (at most 5 s old, so ask late) show a state for real
/// ones only.
Result<std::int64_t> count_real(Management& management, const std::vector<std::string>& names,
                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto rows, management.get({.path = "/connections?columns=name,user,state",
                                                    .doing = "listing connections",
                                                    .shape = Shape::list},
                                                   deadline));
  return std::ranges::count_if(rows.items(), [&](const Json& row) {
    return row["state"].is_string() && std::ranges::find(names, row["name"].view()) != names.end();
  });
}

}  // namespace

Result<std::vector<std::string>> open_connections(Management& management, const std::string& user,
                                                  Owner owner, const Deadline& deadline) {
  const auto path = owner == Owner::there ? path_of({"connections", "username", user})
                                          : std::string("/connections?disable_stats=true");
  CDCTL_TRY_ASSIGN(
      const auto rows,
      management.get_if_there(
          {.path = path, .doing = "listing the connections of " + user, .shape = Shape::list},
          deadline));
  std::vector<std::string> names;
  if (rows) {
    for (const auto& row : rows->items())
      if (row["user"].view() == user && !row["name"].view().empty())
        names.push_back(row["name"].as_string());
  }
  return names;
}

Result<Closing> close_connections(Management& management, const std::string& user, Owner owner,
                                  const std::string& reason, const Deadline& deadline) {
  auto until = deadline.at_most(k_patience);
  Closing done;
  auto fewest = std::numeric_limits<std::size_t>::max();
  std::set<std::string> seen;
  std::vector<std::string> names;
  for (int empty = 0; empty < 2;) {
    auto listed = open_connections(management, user, owner, deadline);
    // Out of time between two looks: the connections of the look before count as open.
    if (!listed && listed.error().exit == ExitCode::timeout && !names.empty()) break;
    CDCTL_TRY_ASSIGN(names, std::move(listed));
    if (names.size() < fewest) {  // a busy broker is given time as long as it gets on
      fewest = names.size();
      until = deadline.at_most(k_patience);
    }
    if (until.passed() && !names.empty()) break;
    // A connection that was let in just before the limit may be listed a moment late: one empty
    // list is not enough.
    empty = names.empty() ? empty + 1 : 0;
    if (!names.empty()) {
      ++done.passes;
      seen.insert(names.begin(), names.end());
      CDCTL_TRY(close_each(management, names, reason, until));
      crash_point("rabbit.cut.close");
    }
    // A breath for the broker between two looks, longer when they bring nothing; `until` and the
    // deadline bound the loop.
    if (empty < 2) (void)pause_for(Millis(std::clamp<std::int64_t>(done.passes, 1, 5)));
  }
  if (!names.empty()) {
    const auto real = count_real(management, names, deadline.at_most(Millis(2000)));
    // When the statistics cannot be asked, every listed connection counts as open.
    done.left = real ? *real : std::ssize(names);
    done.stale = std::ssize(names) - done.left;
  }
  done.closed = std::max<std::int64_t>(std::ssize(seen) - std::ssize(names), 0);
  return done;
}

}  // namespace cdctl::rabbit
