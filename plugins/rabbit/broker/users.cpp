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
/// no more, and would leave the healthy ones behind it connected. For those of a node that hangs
/// nobody waits but their own calls.
Result<> close_each(Management& management, const Connections& connections,
                    const std::string& reason, const Deadline& deadline) {
  std::vector<ApiCall> calls;
  for (const auto& [name, node] : connections) calls.push_back(delete_call(name, reason));
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
Result<std::int64_t> count_real(Management& management, const Connections& connections,
                                const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto rows, management.get({.path = "/connections?columns=name,user,state",
                                                    .doing = "listing connections",
                                                    .shape = Shape::list},
                                                   deadline));
  return std::ranges::count_if(rows.items(), [&](const Json& row) {
    return row["state"].is_string() && connections.contains(row["name"].as_string());
  });
}

/// `10.0.0.7:50412 -> 10.0.0.1:5672 on rabbit@a, …`: enough to find them.
std::string some_of(const Connections& connections) {
  constexpr std::size_t k_most = 3;
  std::vector<std::string> out;
  for (const auto& [name, node] : connections) {
    if (out.size() == k_most) {
      out.emplace_back("…");
      break;
    }
    out.push_back(node.empty() ? printable(name, 80)
                               : fmt::format("{} on {}", printable(name, 80), printable(node, 80)));
  }
  return joined(out, ", ");
}

}  // namespace

Result<Connections> open_connections(Management& management, const std::string& user, Owner owner,
                                     const Deadline& deadline) {
  const auto path = owner == Owner::there ? path_of({"connections", "username", user})
                                          : std::string("/connections?disable_stats=true");
  CDCTL_TRY_ASSIGN(
      const auto rows,
      management.get_if_there(
          {.path = path, .doing = "listing the connections of " + user, .shape = Shape::list},
          deadline));
  Connections out;
  if (rows) {
    for (const auto& row : rows->items())
      if (row["user"].view() == user && !row["name"].view().empty())
        out.emplace(row["name"].as_string(), row["node"].as_string());
  }
  return out;
}

Result<Closing> close_connections(Management& management, const std::string& user, Owner owner,
                                  const std::string& reason, const Deadline& deadline) {
  auto until = deadline.at_most(k_patience);
  Closing done;
  auto fewest = std::numeric_limits<std::size_t>::max();
  std::set<std::string> seen;
  Connections open;
  for (int empty = 0; empty < 2;) {
    auto listed = open_connections(management, user, owner, deadline);
    // Out of time between two looks: the connections of the look before count as open.
    if (!listed && listed.error().exit == ExitCode::timeout && !open.empty()) break;
    CDCTL_TRY_ASSIGN(open, std::move(listed));
    if (open.size() < fewest) {  // a busy broker is given time as long as it gets on
      fewest = open.size();
      until = deadline.at_most(k_patience);
    }
    if (until.passed() && !open.empty()) break;
    // A connection that was let in just before the limit may be listed a moment late: one empty
    // list is not enough.
    empty = open.empty() ? empty + 1 : 0;
    if (!open.empty()) {
      ++done.passes;
      for (const auto& [name, node] : open) seen.insert(name);
      CDCTL_TRY(close_each(management, open, reason, until));
      crash_point("rabbit.cut.close");
    }
    // A breath for the broker between two looks, longer when they bring nothing; `until` and the
    // deadline bound the loop.
    if (empty < 2) (void)pause_for(Millis(std::clamp<std::int64_t>(done.passes, 1, 5)));
  }
  if (!open.empty()) {
    const auto real = count_real(management, open, deadline.at_most(Millis(2000)));
    // When the statistics cannot be asked, every listed connection counts as open.
    done.left = real ? *real : std::ssize(open);
    done.stale = std::ssize(open) - done.left;
    if (done.left > 0) done.named = some_of(open);
  }
  done.closed = std::max<std::int64_t>(std::ssize(seen) - std::ssize(open), 0);
  return done;
}

}  // namespace cdctl::rabbit
