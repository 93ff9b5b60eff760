#include "plugins/rabbit/switch/switch.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/bindings.hpp"
#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/broker/users.hpp"
#include "plugins/rabbit/switch/check.hpp"
#include "plugins/rabbit/switch/describe.hpp"
#include "plugins/rabbit/switch/provision.hpp"
#include "plugins/rabbit/switch/queue_rows.hpp"
#include "plugins/rabbit/switch/rights.hpp"
#include "plugins/rabbit/switch/stuck.hpp"

namespace cdctl::rabbit {

namespace {

Step absent() { return {"rabbit", false, Json::object({{"absent", true}})}; }

/// What the broker tells the clients it closes: one short line.
std::string reason_text(const Host& host, std::string_view what, std::string_view why) {
  return printable(fmt::format("cdctl: {} by {}: {}", what, host.actor(), why), 180);
}

/// A virtual host that a service's file names is the operator's to make: cdctl only says that it is
/// missing.
Result<> check_vhost(Management& management, const ServiceConfig& service,
                     const Deadline& deadline) {
  if (service.table["rabbit"]["vhost"].is_null()) return {};
  const auto& vhost = management.settings().amqp.vhost;
  CDCTL_TRY_ASSIGN(
      const auto there,
      management.get_if_there({.path = path_of({"vhosts", vhost}) + "?columns=name",
                               .doing = "reading the virtual host " + printable(vhost, 60),
                               .name = vhost},
                              deadline));
  if (there) return {};
  return fail(ExitCode::config,
              fmt::format("{}: the broker {} has no virtual host '{}'; rabbitmqctl add_vhost '{}', "
                          "and give cdctl's user all permissions on it",
                          service.name, management.settings().broker, printable(vhost, 60),
                          printable(vhost, 60)));
}

/// `out`, with the address also where the framework looks for it, and a name for each unit: Celery
/// refuses a second worker of one name on a machine, from 5.6 on.
std::map<std::string, std::string> environment_of(const Topology& topology, const SetName& set,
                                                  std::map<std::string, std::string> out) {
  if (!topology.framework) return out;
  const auto put = [&](std::string_view name, std::string value) {
    if (!name.empty()) out.emplace(name, std::move(value));
  };
  put(topology.framework->url_variable, out.at("AMQP_URL"));
  put(topology.framework->node_variable, fmt::format("{}.{}@%h", set.str(), k_unit_placeholder));
  return out;
}

}  // namespace

Result<> RabbitSwitch::do_check_file(const ServiceConfig& service) {
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  return check_names(service, topology);
}

Result<> RabbitSwitch::do_check(const ServiceConfig& service, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of(service));
  CDCTL_TRY(check_vhost(*management, service, deadline));
  return check_topology(*management, service, deadline);
}

Result<std::map<std::string, std::int64_t>> RabbitSwitch::do_delivery_limits(
    const ServiceConfig& service, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of(service));
  CDCTL_TRY_ASSIGN(auto limits, read_delivery_limits(*management, service, deadline));
  return std::move(limits.most);
}

Result<std::map<std::string, std::string>> RabbitSwitch::do_provision(const ServiceConfig& service,
                                                                      const SetName& set,
                                                                      std::string_view secret,
                                                                      const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of(service));
  CDCTL_TRY_ASSIGN(auto named, read_topology(service));
  CDCTL_TRY_ASSIGN(const auto there, read_limit(*management, set.str(), deadline));
  if (!there) CDCTL_TRY(check_names(service, named));
  CDCTL_TRY_ASSIGN(const auto topology,
                   as_declared(*management, service, std::move(named), deadline));
  CDCTL_TRY(declare_topology(*management, service, topology, deadline));
  crash_point("rabbit.provision.queues");
  CDCTL_TRY(declare_user(*management, service, topology, set, secret, deadline));
  crash_point("rabbit.provision.user");
  return environment_of(topology, set, management->settings().worker_env(set.str(), secret));
}

Result<Keeper> RabbitSwitch::do_keeper(const ServiceConfig& service, const SetName& set,
                                       const std::string& process, std::int64_t rank) {
  (void)set;  // it speaks as its user, whose name the broker checks
  const auto names = turn_names(service.name, process);
  return Keeper{{(host_.libexec() / "cdctl-keep").string(), names.queue, names.exchange,
                 std::to_string(rank)}};
}

Result<Step> RabbitSwitch::do_cut(const SetName& set, std::string_view why,
                                  const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  CDCTL_TRY_ASSIGN(const auto before, read_limit(*management, set.str(), deadline));
  if (!before) return absent();
  crash_point("rabbit.cut.before");
  // Written even when it is 0 already: between the look and now somebody may have mended.
  CDCTL_TRY_ASSIGN(const bool there, set_limit(*management, set.str(), 0, deadline));
  if (!there) return absent();
  crash_point("rabbit.cut.limit");
  CDCTL_TRY_ASSIGN(auto step,
                   close_limited(*management, set, Owner::there, reason_text(host_, "cut", why),
                                 {"rabbit", !before->cut()}, deadline));
  const auto after = read_limit(*management, set.str(), deadline);
  if (!after)
    return fail(after.error().in(
        set.str() +
        ": the connections are closed and the limit is set, but it could not be read back"));
  if (*after && !(*after)->cut()) {
    return fail(ExitCode::unknown,
                fmt::format("{}: the limit that was set is gone again; someone mended it meanwhile",
                            set.str()));
  }
  return step;
}

/// Closes what is open of a user that no longer gets in. The texts say what is in force when that
/// fails.
Result<Step> RabbitSwitch::close_limited(Management& management, const SetName& set, Owner owner,
                                         const std::string& reason, Step step,
                                         const Deadline& deadline) {
  auto closing = close_connections(management, set.str(), owner, reason, deadline);
  if (!closing) {
    return fail(closing.error().in(
        set.str() + ": no new connection gets in, but the open ones may still work; run it again"));
  }
  if (closing->left > 0) {
    return fail(
        ExitCode::timeout,
        fmt::format(
            "{}: no new connection gets in and {} were closed, but {} are still open ({}); run it "
            "again",
            set.str(), closing->closed, closing->left, closing->named));
  }
  step.changed = step.changed || closing->closed > 0;
  step.details = Json::object(
      {{"closed", closing->closed}, {"passes", closing->passes}, {"left", closing->left}});
  if (closing->stale > 0) step.details.set("stale", closing->stale);
  return step;
}

Result<Step> RabbitSwitch::do_drain(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  CDCTL_TRY_ASSIGN(const auto before, read_limit(*management, set.str(), deadline));
  if (!before) return absent();
  CDCTL_TRY_ASSIGN(const bool there, set_limit(*management, set.str(), 0, deadline));
  if (!there) return absent();
  crash_point("rabbit.drain.limit");
  return Step{"rabbit", !before->cut(), Json::object()};
}

Result<Step> RabbitSwitch::do_mend(const SetName& set, std::optional<std::int64_t> prev_limit,
                                   const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  CDCTL_TRY_ASSIGN(const auto before, read_limit(*management, set.str(), deadline));
  if (!before) return absent();
  // Not cut: whatever limit there is, it is not ours to change.
  if (!before->cut()) return Step{"rabbit", false, Json::object()};
  if (prev_limit && *prev_limit > 0) {
    CDCTL_TRY_ASSIGN(const bool there, set_limit(*management, set.str(), *prev_limit, deadline));
    if (!there) return absent();
  } else {
    CDCTL_TRY(clear_limit(*management, set.str(), deadline));
  }
  crash_point("rabbit.mend.limit");
  return Step{"rabbit", true, Json::object()};
}

Result<Step> RabbitSwitch::do_admit(const SetName& set, std::int64_t units,
                                    const Deadline& deadline) {
  if (units < 1)
    return fail(ExitCode::usage, fmt::format("{}: a trial needs at least one unit", set.str()));
  const auto* service = host_.config().service(set.service);
  const auto topology = service ? read_topology(*service) : Result<Topology>(Topology());
  // A keeper holds one as well, where a trial starts any
  const auto keepers = service ? std::ssize(turns_of(*service)) : 0;
  const auto connections = units * (topology ? topology->unit_connections : 1) + keepers;
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  CDCTL_TRY_ASSIGN(const auto before, read_limit(*management, set.str(), deadline));
  if (!before) return absent();
  if (!before->cut())
    return fail(ExitCode::refused,
                set.str() + " is not cut, so there is nothing to try; cdctl ls shows it");
  CDCTL_TRY_ASSIGN(const bool there, set_limit(*management, set.str(), connections, deadline));
  if (!there) return absent();
  crash_point("rabbit.admit.limit");
  return Step{"rabbit", true, Json::object({{"connections", connections}})};
}

Result<Settled> RabbitSwitch::do_settled(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  CDCTL_TRY_ASSIGN(const auto look, read_stats(*management, {}, deadline));
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

Result<> RabbitSwitch::delete_user(Management& management, const SetName& set,
                                   const Deadline& deadline) {
  const ApiCall call{.method = "DELETE",
                     .path = path_of({"users", set.str()}),
                     .doing = "deleting the user " + set.str()};
  CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
  if (answer.ok() || answer.not_there()) return {};
  return fail(management.explain(call, answer));
}

Result<Step> RabbitSwitch::do_retire(const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  const auto reason = reason_text(host_, "retired", "the set is reaped");
  CDCTL_TRY_ASSIGN(const bool there, set_limit(*management, set.str(), 0, deadline));
  crash_point("rabbit.retire.limit");
  CDCTL_TRY_ASSIGN(auto step, close_limited(*management, set, Owner::there, reason,
                                            {"rabbit", there}, deadline));
  CDCTL_TRY(delete_user(*management, set, deadline));
  crash_point("rabbit.retire.user");
  // A connection that was in its handshake may have outlived the user.
  CDCTL_TRY_ASSIGN(const auto lingering, close_limited(*management, set, Owner::deleted, reason,
                                                       {"rabbit", false}, deadline));
  // What it may have bound would outlive it.
  CDCTL_TRY(remove_foreign_bindings(*management, deadline));
  step.changed = step.changed || lingering.changed;
  if (!step.changed) step.details = absent().details;
  return step;
}

Result<std::vector<std::int64_t>> RabbitSwitch::do_connections(std::span<const SetName> sets,
                                                               const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto managements, brokers_.of_sets(sets, deadline));
  std::vector<std::int64_t> counts(sets.size(), 0);
  for (auto* const management : std::set(managements.begin(), managements.end())) {
    std::vector<ApiCall> calls;
    std::vector<std::size_t> whose;
    for (std::size_t i = 0; i < sets.size(); ++i) {
      if (managements[i] != management) continue;
      calls.push_back({.path = path_of({"connections", "username", sets[i].str()}),
                       .doing = "listing the connections of " + sets[i].str(),
                       .shape = Shape::list});
      whose.push_back(i);
    }
    const auto answers = management->send_all(calls, deadline);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) return fail(answers[i].error());
      if (answers[i]->not_there()) continue;
      CDCTL_TRY_ASSIGN(const auto rows, management->parse(calls[i], *answers[i]));
      counts[whose[i]] = std::ranges::count_if(
          rows.items(), [](const Json& row) { return !is_keeper_connection(row); });
    }
  }
  return counts;
}

Result<std::vector<AtWork>> RabbitSwitch::do_at_work(std::span<const Provisioned> sets,
                                                     const Deadline& deadline) {
  std::vector<SetName> names;
  for (const auto& set : sets) names.push_back(set.set);
  CDCTL_TRY_ASSIGN(const auto managements, brokers_.of_sets(names, deadline));
  std::map<std::string, BrokerStats> looks;  // users are the broker's, not a virtual host's
  for (auto* const management : std::set(managements.begin(), managements.end())) {
    const auto& broker = management->settings().broker;
    if (looks.contains(broker)) continue;
    CDCTL_TRY_ASSIGN(looks[broker], read_stats(*management, {}, deadline));
  }
  std::vector<AtWork> out;
  for (std::size_t i = 0; i < sets.size(); ++i) {
    const auto& users = looks[managements[i]->settings().broker].users;
    const auto user = users.find(names[i].str());
    auto& work = out.emplace_back();
    const auto topology = read_topology(*sets[i].service);
    work.takes = topology && topology->takes_messages();
    if (user == users.end()) continue;
    work.connections = work.working = std::ssize(user->second.connections);
    if (!work.takes) continue;
    work.working = user->second.working;
    work.unsure = user->second.unsure;
  }
  return out;
}

Result<std::optional<Time>> RabbitSwitch::do_up_since(const SetName& set,
                                                      const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  CDCTL_TRY_ASSIGN(const auto nodes, management->get({.path = "/nodes?columns=name,running,uptime",
                                                      .doing = "asking how long the broker is up",
                                                      .shape = Shape::list},
                                                     deadline));
  std::optional<Time> last;
  for (const auto& node : nodes.items()) {
    if (!node["running"].as_bool(true)) continue;
    const auto up = node["uptime"].as_int(-1);
    if (up < 0 || Millis(up) > std::chrono::years(100)) return std::optional<Time>();
    last = std::max(last.value_or(Time()), now() - Millis(up));
  }
  return last;
}

std::vector<std::string> RabbitSwitch::do_left_behind(const ServiceConfig& service) const {
  std::vector<std::string> out;
  for (const auto& [name, queue] : service.table["rabbit"]["queues"].members()) out.push_back(name);
  for (const auto& process : service.singletons())
    out.push_back(turn_names(service.name, process).queue);
  return out;
}

namespace {

using ByPlace = std::map<Management*, std::vector<const ServiceConfig*>>;

Result<ByPlace> by_place(Brokers& brokers, std::span<const ServiceConfig* const> services) {
  ByPlace out;
  for (const auto* service : services) {
    CDCTL_TRY_ASSIGN(auto* const management, brokers.of(*service));
    out[management].push_back(service);
  }
  return out;
}

}  // namespace

Result<std::map<std::string, Backlog>> RabbitSwitch::do_stuck(
    std::span<const ServiceConfig* const> services, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto places, by_place(brokers_, services));
  std::map<std::string, Backlog> out;
  for (const auto& [management, here] : places) {
    CDCTL_TRY_ASSIGN(auto found, stuck_services(*management, here, deadline));
    out.merge(found);
  }
  return out;
}

Result<std::vector<QueueDepth>> RabbitSwitch::do_queues(
    std::span<const ServiceConfig* const> services, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto places, by_place(brokers_, services));
  std::vector<QueueDepth> out;
  for (const auto& [management, here] : places) {
    CDCTL_TRY_ASSIGN(auto found, queue_depths(*management, here, deadline));
    std::ranges::move(found, std::back_inserter(out));
  }
  return out;
}

Result<std::map<std::string, std::string>> RabbitSwitch::do_wrong_rights(
    std::span<const Provisioned> sets, const Deadline& deadline) {
  std::vector<SetName> names;
  for (const auto& set : sets) names.push_back(set.set);
  CDCTL_TRY_ASSIGN(const auto managements, brokers_.of_sets(names, deadline));
  std::map<Management*, std::vector<Provisioned>> by_place;
  for (std::size_t i = 0; i < sets.size(); ++i) by_place[managements[i]].push_back(sets[i]);
  std::map<std::string, std::string> out;
  for (const auto& [management, here] : by_place) {
    CDCTL_TRY_ASSIGN(auto found, rabbit::wrong_rights(*management, here, deadline));
    out.merge(found);
  }
  return out;
}

Result<Json> RabbitSwitch::do_describe(const ServiceConfig& service, const SetName& set,
                                       const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto topology, read_topology(service));
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  CDCTL_TRY_ASSIGN(auto described, describe_set(*management, topology, set, deadline));
  if (brokers_.several()) described.set("broker", management->settings().broker);
  return described.set("vhost", management->settings().amqp.vhost);
}

}  // namespace cdctl::rabbit
