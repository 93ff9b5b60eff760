#include "plugins/rabbit/switch/switch.hpp"

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
#include "plugins/rabbit/switch/rights.hpp"
#include "plugins/rabbit/switch/stuck.hpp"

namespace cdctl::rabbit {

namespace {

ApiCall declare_exchange(const std::string& vhost, const std::string& name,
                         const Exchange& exchange) {
  return {.method = "PUT",
          .path = path_of({"exchanges", vhost, name}),
          .body = Json::object({{"type", exchange.type},
                                {"durable", exchange.durable},
                                {"arguments", exchange.arguments}}),
          .doing = "declaring the exchange " + printable(name, 80)};
}

ApiCall declare_queue(const std::string& vhost, const std::string& name, const Queue& queue) {
  return {.method = "PUT",
          .path = path_of({"queues", vhost, name}),
          .body = Json::object(
              {{"durable", queue.durable}, {"auto_delete", false}, {"arguments", queue.arguments}}),
          .doing = "declaring the queue " + printable(name, 80)};
}

ApiCall declare_binding(const std::string& vhost, const std::string& queue,
                        const Binding& binding) {
  return {.method = "POST",
          .path = path_of({"bindings", vhost, "e", binding.exchange, "q", queue}),
          .body = Json::object({{"routing_key", binding.key}}),
          .doing = fmt::format("binding the queue {} to the exchange {}", printable(queue, 80),
                               printable(binding.exchange, 80))};
}

Queue feed_queue(const FeedShape& feed) {
  Queue queue{.type = "stream",
              .durable = true,
              .arguments = Json::object({{"x-queue-type", "stream"}, {"x-max-age", feed.max_age}}),
              .bindings = {}};
  if (feed.max_bytes > 0) queue.arguments.set("x-max-length-bytes", feed.max_bytes);
  return queue;
}

/// Makes the stream unless one is there: that may have another retention, which an operator chose
/// or an earlier configuration said.
Result<> declare_feed_queue(Management& management, const BrokerSettings& settings,
                            const Deadline& deadline) {
  const auto call =
      declare_queue(settings.amqp.vhost, settings.feed.queue, feed_queue(settings.feed));
  CDCTL_TRY_ASSIGN(const auto answer, management.send(call, deadline));
  if (answer.ok()) return {};
  if (answer.status != 400 || !answer.text.contains("inequivalent"))
    return fail(management.explain(call, answer));
  management.host().log(Level::note, fmt::format("{} keeps another retention than feed_max_age and "
                                                 "feed_max_bytes say; a policy can change it",
                                                 settings.feed.queue));
  return {};
}

/// Whether the memory says that this set is bad.
Result<bool> known_bad(Management& management, const SetName& set, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(
      const auto found,
      management.get_if_there({.path = path_of({"global-parameters", "cdctl.cut." + set.str()}),
                               .doing = "reading the cut memory of " + set.str(),
                               .name = "cdctl.cut." + set.str()},
                              deadline));
  return found && (*found)["value"]["cut"].as_bool();
}

Result<> create_user(Management& management, const Topology& topology, const SetName& set,
                     std::string_view secret, const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  const auto rights = rights_of(topology, set);
  CDCTL_TRY_ASSIGN(const bool bad, known_bad(management, set, deadline));
  Json limits = Json::object();
  if (bad)
    limits.set("max-connections", 0);
  else if (topology.max_connections)
    limits.set("max-connections", *topology.max_connections);
  CDCTL_TRY(management.act(
      {.method = "PUT",
       .path = path_of({"users", set.str()}),
       .body = Json::object({{"password", secret},
                             {"tags", k_tag},
                             {"permissions", Json::object({{vhost, rights.permission()}})},
                             {"limits", limits}}),
       .doing = "making the user " + set.str()},
      deadline));
  crash_point("rabbit.provision.created");
  CDCTL_TRY(management.act({.method = "PUT",
                            .path = path_of({"topic-permissions", vhost, set.str()}),
                            .body = rights.topic_permission(),
                            .doing = "giving the topic permission of " + set.str()},
                           deadline));
  // A break that came between the look at the memory and the user found no user to limit. It wrote
  // the memory first, so a second look sees it; one that comes later finds the user.
  CDCTL_TRY_ASSIGN(const bool now_bad, known_bad(management, set, deadline));
  if (now_bad && !bad) CDCTL_TRY(set_limit(management, set.str(), 0, deadline));
  return {};
}

/// Password and permissions brought up to date. `limits` is left out, since it would replace what
/// is in force.
Result<> repair_user(Management& management, const ServiceConfig& service, const Topology& topology,
                     const SetName& set, std::string_view secret, const Deadline& deadline) {
  CDCTL_TRY(repair_rights(management, service, rights_of(topology, set), set, deadline));
  return management.act({.method = "PUT",
                         .path = path_of({"users", set.str()}),
                         .body = Json::object({{"password", secret}, {"tags", k_tag}}),
                         .doing = "setting the password of " + set.str()},
                        deadline);
}

/// Makes exchanges, queues, bindings and the feed.
Result<> declare_topology(Management& management, const Topology& topology,
                          const Deadline& deadline) {
  const auto* settings = &management.settings();
  const auto& vhost = settings->amqp.vhost;
  std::vector<ApiCall> things{declare_exchange(vhost, settings->feed.exchange, {.type = "topic"})};
  std::vector<ApiCall> bindings{
      declare_binding(vhost, settings->feed.queue, {settings->feed.exchange, "#"})};
  for (const auto& [name, exchange] : topology.exchanges)
    things.push_back(declare_exchange(vhost, name, exchange));
  for (const auto& [name, queue] : topology.queues) {
    things.push_back(declare_queue(vhost, name, queue));
    for (const auto& binding : queue.bindings)
      bindings.push_back(declare_binding(vhost, name, binding));
  }
  CDCTL_TRY(declare_feed_queue(management, *settings, deadline));
  CDCTL_TRY(management.act_all(things, deadline));
  CDCTL_TRY(management.act_all(bindings, deadline));
  return remove_foreign_bindings(management, deadline);
}

/// Makes the set's user, or gives the one that is there its password and permissions; never lifts a
/// cut.
Result<> declare_user(Management& management, const ServiceConfig& service,
                      const Topology& topology, const SetName& set, std::string_view secret,
                      const Deadline& deadline) {
  if (secret.empty()) return fail("making the user " + set.str() + ": no password was given");
  CDCTL_TRY_ASSIGN(const auto there, read_limit(management, set.str(), deadline));
  if (there) return repair_user(management, service, topology, set, secret, deadline);
  return create_user(management, topology, set, secret, deadline);
}

/// A value that is not there, or is of another type while the broker still collects statistics, is
/// null: not known.
Json number(const Json& value) { return value.is_int() ? value : Json(); }

Json describe_connections(const Json& fresh, const Json& statistics) {
  Json out = Json::array();
  for (const auto& row : fresh.items()) {
    Json item = Json::object({{"name", row["name"]}, {"peer", Json()}, {"since", Json()}});
    const auto name = row["name"].view();
    item.set("peer", name.substr(0, name.find(" -> ")));
    for (const auto& known : statistics.items()) {
      if (known["name"].view() != name) continue;
      // Shown some seconds after the connection; until then `since` is null.
      if (known["connected_at"].is_int())
        item.set("since", to_rfc3339(Time(Millis(known["connected_at"].as_int()))));
      if (known["client_properties"]["connection_name"].is_string())
        item.set("client", known["client_properties"]["connection_name"]);
    }
    out.push_back(std::move(item));
  }
  return out;
}

/// Counts of the queues: `ready` and `consumers` over AMQP, which are of now; the rest from the
/// statistics, which may be seconds old. A broker that closes AMQP to us leaves nulls.
Json describe_queues(Management& management, const BrokerSettings& settings,
                     const Topology& topology, const Deadline& deadline) {
  Json out = Json::object();
  auto driver = amqp_driver();
  auto link = driver ? (*driver)->connect(settings.amqp, deadline.at_most(Millis(3000)))
                     : Result<std::unique_ptr<AmqpLink>>(std::unexpected(driver.error()));
  if (!link)
    management.host().log(Level::warning,
                          "counting the messages in the queues: " + link.error().what);
  for (const auto& [name, queue] : topology.queues) {
    Json item = Json::object(
        {{"type", queue.type}, {"ready", Json()}, {"unacked", Json()}, {"consumers", Json()}});
    if (link && *link) {
      const auto counts = (*link)->counts(name, deadline);
      if (counts && *counts)
        item.set("ready", (*counts)->ready).set("consumers", (*counts)->consumers);
      else if (counts)
        item.set("absent", true);
    }
    const auto statistics =
        management.get_if_there({.path = path_of({"queues", settings.amqp.vhost, name}) +
                                         "?columns=messages_unacknowledged",
                                 .doing = "reading the queue " + printable(name, 80),
                                 .shape = Shape::any},
                                deadline);
    if (statistics && *statistics)
      item.set("unacked", number((**statistics)["messages_unacknowledged"]));
    out.set(name, std::move(item));
  }
  return out;
}

/// What `inspect` shows.
Result<Json> describe_set(Management& management, const Topology& topology, const SetName& set,
                          const Deadline& deadline) {
  const auto* settings = &management.settings();
  const auto user = set.str();
  CDCTL_TRY_ASSIGN(const auto limit, read_limit(management, user, deadline));
  Json out = Json::object({{"user", limit ? Json(user) : Json()}});
  if (limit) {
    const ApiCall calls[] = {
        {.path = path_of({"connections", "username", user}),
         .doing = "listing the connections of " + user,
         .shape = Shape::list},
        {.path = "/connections?columns=name,user,connected_at,client_properties.connection_name",
         .doing = "listing connections",
         .shape = Shape::list},
        {.path = path_of({"users", user, "permissions"}),
         .doing = "reading the permissions of " + user,
         .shape = Shape::list},
        {.path = path_of({"users", user, "topic-permissions"}),
         .doing = "reading the topic permissions of " + user,
         .shape = Shape::list}};
    const auto answers = management.send_all(calls, deadline);
    std::vector<Json> parts;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (!answers[i]) return fail(answers[i].error());
      if (answers[i]->not_there())
        return fail(ExitCode::unknown, user + ": the user was removed while it was looked at");
      CDCTL_TRY_ASSIGN(auto json, management.parse(calls[i], *answers[i]));
      parts.push_back(std::move(json));
    }
    out.set("cut", limit->cut());
    if (limit->most) out.set("limit", *limit->most);  // null would mean that it could not be read
    out.set("connections", describe_connections(parts[0], parts[1]));
    out.set("permissions", parts[2]);
    out.set("topic_permissions", parts[3]);
  }
  out.set("queues", describe_queues(management, *settings, topology, deadline));
  return out;
}

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
  return read_delivery_limits(*management, service, deadline);
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
  CDCTL_TRY(declare_topology(*management, topology, deadline));
  crash_point("rabbit.provision.queues");
  CDCTL_TRY(declare_user(*management, service, topology, set, secret, deadline));
  crash_point("rabbit.provision.user");
  return std::map<std::string, std::string>{
      {"AMQP_URL", management->settings().worker_url(set.str(), secret)}};
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
            "{}: no new connection gets in and {} were closed, but {} are still open; run it again",
            set.str(), closing->closed, closing->left));
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

Result<Step> RabbitSwitch::do_admit(const SetName& set, std::int64_t connections,
                                    const Deadline& deadline) {
  if (connections < 1)
    return fail(ExitCode::usage,
                fmt::format("{}: a trial needs at least one connection", set.str()));
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
      counts[whose[i]] = std::ssize(rows.items());
    }
  }
  return counts;
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
  return out;
}

Result<std::map<std::string, Backlog>> RabbitSwitch::do_stuck(
    std::span<const ServiceConfig* const> services, const Deadline& deadline) {
  std::map<Management*, std::vector<const ServiceConfig*>> by_place;
  for (const auto* service : services) {
    CDCTL_TRY_ASSIGN(auto* const management, brokers_.of(*service));
    by_place[management].push_back(service);
  }
  std::map<std::string, Backlog> out;
  for (const auto& [management, here] : by_place) {
    CDCTL_TRY_ASSIGN(auto found, stuck_services(*management, here, deadline));
    out.merge(found);
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
