#include "switch.hpp"

#include <fmt/format.h>

#include <cdctl/process.hpp>

#include "probe_look.hpp"
#include "users.hpp"

namespace cdctl::rabbit {

namespace {

Step absent() { return {"rabbit", false, Json::object({{"absent", true}})}; }

/// What the broker tells the clients it closes: one short line.
std::string reason_text(const Host& host, std::string_view what, std::string_view why) {
  return printable(fmt::format("cdctl: {} by {}: {}", what, host.actor(), why), 180);
}

}  // namespace

Result<> RabbitSwitch::check(const ServiceConfig& service, const Deadline& deadline) {
  return check_topology(management_, service, deadline);
}

Result<std::map<std::string, std::string>> RabbitSwitch::provision(const ServiceConfig& service, const SetName& set,
                                                                   std::string_view secret, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto* settings, management_.settings());
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  CDCTL_TRY(declare_topology(management_, topology, deadline));
  crash_point("rabbit.provision.queues");
  CDCTL_TRY(declare_user(management_, topology, set, secret, deadline));
  crash_point("rabbit.provision.user");
  return std::map<std::string, std::string>{{"AMQP_URL", settings->worker_url(set.str(), secret)}};
}

Result<Step> RabbitSwitch::cut(const SetName& set, std::string_view why, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto before, read_limit(management_, set.str(), deadline));
  if (!before) return absent();
  crash_point("rabbit.cut.before");
  // Written even when it is 0 already: between the look and now somebody may have mended.
  CDCTL_TRY_ASSIGN(const bool there, set_limit(management_, set.str(), 0, deadline));
  if (!there) return absent();
  crash_point("rabbit.cut.limit");
  CDCTL_TRY_ASSIGN(auto step, close_limited(set, Owner::there, reason_text(host_, "cut", why), {"rabbit", !before->cut()}, deadline));
  const auto after = read_limit(management_, set.str(), deadline);
  if (!after) return fail(after.error().in(set.str() + ": the connections are closed and the limit is set, but it could not be read back"));
  if (*after && !(*after)->cut()) {
    return fail(ExitCode::unknown, fmt::format("{}: the limit that was set is gone again; someone mended it meanwhile", set.str()));
  }
  return step;
}

/// Closes what is open of a user that no longer gets in. The texts say what is in force when that fails.
Result<Step> RabbitSwitch::close_limited(const SetName& set, Owner owner, const std::string& reason, Step step, const Deadline& deadline) {
  auto closing = close_connections(management_, set.str(), owner, reason, deadline);
  if (!closing) {
    return fail(closing.error().in(set.str() + ": no new connection gets in, but the open ones may still work; run it again"));
  }
  if (closing->left > 0) {
    return fail(ExitCode::timeout, fmt::format("{}: no new connection gets in and {} were closed, but {} are still open; run it again",
                                               set.str(), closing->closed, closing->left));
  }
  step.changed = step.changed || closing->closed > 0;
  step.details = Json::object({{"closed", closing->closed}, {"passes", closing->passes}, {"left", closing->left}});
  if (closing->stale > 0) step.details.set("stale", closing->stale);
  return step;
}

Result<Step> RabbitSwitch::drain(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto before, read_limit(management_, set.str(), deadline));
  if (!before) return absent();
  CDCTL_TRY_ASSIGN(const bool there, set_limit(management_, set.str(), 0, deadline));
  if (!there) return absent();
  crash_point("rabbit.drain.limit");
  return Step{"rabbit", !before->cut(), Json::object()};
}

Result<Step> RabbitSwitch::mend(const SetName& set, std::optional<std::int64_t> prev_limit, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto before, read_limit(management_, set.str(), deadline));
  if (!before) return absent();
  // Not cut: whatever limit there is, it is not ours to change.
  if (!before->cut()) return Step{"rabbit", false, Json::object()};
  if (prev_limit && *prev_limit > 0) {
    CDCTL_TRY_ASSIGN(const bool there, set_limit(management_, set.str(), *prev_limit, deadline));
    if (!there) return absent();
  } else {
    CDCTL_TRY(clear_limit(management_, set.str(), deadline));
  }
  crash_point("rabbit.mend.limit");
  return Step{"rabbit", true, Json::object()};
}

Result<Step> RabbitSwitch::admit(const SetName& set, std::int64_t connections, const Deadline& deadline) {
  if (connections < 1) return fail(ExitCode::usage, fmt::format("{}: a trial needs at least one connection", set.str()));
  CDCTL_TRY_ASSIGN(const auto before, read_limit(management_, set.str(), deadline));
  if (!before) return absent();
  if (!before->cut()) return fail(ExitCode::refused, set.str() + " is not cut, so there is nothing to try; cdctl ls shows it");
  CDCTL_TRY_ASSIGN(const bool there, set_limit(management_, set.str(), connections, deadline));
  if (!there) return absent();
  crash_point("rabbit.admit.limit");
  return Step{"rabbit", true, Json::object({{"connections", connections}})};
}

Result<Settled> RabbitSwitch::settled(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto look, look_at_broker(management_, {}, deadline));
  Settled out;
  const auto user = look.users.find(set.str());
  if (user == look.users.end()) return out;
  out.connections = std::ssize(user->second.connections);
  for (const auto& [name, channel] : user->second.channels) {
    out.acknowledged += channel.acknowledged;
    out.returned += channel.returned();
  }
  return out;
}

Result<> RabbitSwitch::delete_user(const SetName& set, const Deadline& deadline) {
  const Call call{.method = "DELETE", .path = path_of({"users", set.str()}), .doing = "deleting the user " + set.str()};
  CDCTL_TRY_ASSIGN(const auto answer, management_.send(call, deadline));
  if (answer.ok() || answer.status == 404) return {};
  return fail(management_.explain(call, answer));
}

Result<Step> RabbitSwitch::retire(const SetName& set, const Deadline& deadline) {
  const auto reason = reason_text(host_, "retired", "the set is reaped");
  CDCTL_TRY_ASSIGN(const bool there, set_limit(management_, set.str(), 0, deadline));
  crash_point("rabbit.retire.limit");
  CDCTL_TRY_ASSIGN(auto step, close_limited(set, Owner::there, reason, {"rabbit", there}, deadline));
  CDCTL_TRY(delete_user(set, deadline));
  crash_point("rabbit.retire.user");
  // A connection that was in its handshake may have outlived the user.
  CDCTL_TRY_ASSIGN(const auto lingering, close_limited(set, Owner::deleted, reason, {"rabbit", false}, deadline));
  step.changed = step.changed || lingering.changed;
  if (!step.changed) step.details = absent().details;
  return step;
}

Result<std::vector<std::int64_t>> RabbitSwitch::connections(std::span<const SetName> sets, const Deadline& deadline) {
  std::vector<Call> calls;
  for (const auto& set : sets) calls.push_back({.path = path_of({"connections", "username", set.str()}), .doing = "listing the connections of " + set.str()});
  const auto answers = management_.send_all(calls, deadline);
  std::vector<std::int64_t> counts;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->status == 404) {
      counts.push_back(0);
      continue;
    }
    CDCTL_TRY_ASSIGN(const auto rows, management_.parse(calls[i], *answers[i]));
    counts.push_back(std::ssize(rows.items()));
  }
  return counts;
}

Result<Json> RabbitSwitch::describe(const ServiceConfig& service, const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  return describe_set(management_, topology, set, deadline);
}

}  // namespace cdctl::rabbit
