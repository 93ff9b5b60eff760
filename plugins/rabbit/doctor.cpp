#include "plugins/rabbit/doctor.hpp"

#include <algorithm>
#include <array>
#include <ctime>
#include <set>

#include <fmt/format.h>

#include <cdctl/returns.hpp>
#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/bindings.hpp"
#include "plugins/rabbit/broker/pattern.hpp"
#include "plugins/rabbit/doctor_checks.hpp"
#include "plugins/rabbit/doctor_nodes.hpp"
#include "plugins/rabbit/feed/merged_reader.hpp"
#include "plugins/rabbit/reach_check.hpp"
#include "plugins/rabbit/switch/check.hpp"
#include "plugins/rabbit/workers_check.hpp"

namespace cdctl::rabbit {

namespace {

using State = Check::State;

Check failed(std::string what, const Error& error, std::string cure) {
  return {std::move(what),
          error.exit == ExitCode::config || error.exit == ExitCode::failed ? State::bad
                                                                           : State::unknown,
          error.what, std::move(cure)};
}

/// Features by version: user limits from 3.8, streams from 3.9, stamping of messages by the broker
/// from 3.12, a delivery limit of quorum queues unless one is set from 4.0 (RabbitMQ release
/// notes).
Check version_check(const Json& overview) {
  const auto text = overview["rabbitmq_version"].view();
  const auto version = parse_version(text);
  if (!version)
    return {"RabbitMQ", State::unknown, "it does not say its version",
            "is [rabbit] management the address of RabbitMQ's management API?"};
  const auto shown = printable(text, 40);
  if (*version < k_streams)
    return {"RabbitMQ", State::bad, shown, "use 3.9 or later: the signals are kept in a stream"};
  if (*version < k_stamps_messages)
    return {"RabbitMQ", State::ok, shown + ", which does not stamp messages: readers do", ""};
  if (*version >= k_limits_by_default)
    return {
        "RabbitMQ", State::ok,
        shown + ", where quorum queues drop a message at its 21st return unless they say otherwise",
        ""};
  return {"RabbitMQ", State::ok, shown, ""};
}

/// A cluster that was upgraded, and whose new features nobody has enabled, has the version without
/// the features.
Check feature_check(const Json& flags) {
  std::vector<std::string> off;
  for (const auto& flag : flags.items())
    for (const auto* needed : {"user_limits", "stream_queue", "quorum_queue"})
      if (flag["name"].view() == needed && flag["state"].view() == "disabled")
        off.emplace_back(needed);
  if (off.empty()) return {"features", State::ok, "user limits, streams, quorum queues", ""};
  return {"features", State::bad,
          joined(off) + " not enabled: a cut needs user limits, signals a stream",
          "rabbitmqctl enable_feature_flag all"};
}

/// Without its statistics nothing tells which connections a set has, or how many messages it
/// acknowledged.
Check statistics_check(const Json& overview) {
  if (!overview["disable_stats"].as_bool())
    return {"statistics", State::ok, "the broker keeps them", ""};
  return {"statistics", State::bad, "the management plugin keeps none",
          "set management_agent.disable_metrics_collector = false"};
}

/// `Mon, 23 Nov 2026 17:02:12 GMT` (RFC 9110: Date), whole seconds.
/// Windows clamp a signal's time to what the broker received, by 30 s at most (docs/signals.md).
Check clock_check(const HttpResponse& answer, Time asked, Time answered) {
  const auto theirs = date_of(answer);
  if (!theirs)
    return {"clock", State::unknown, "the broker's answer has no date",
            "is a proxy in front of it? Then see that both run NTP"};
  Millis skew{};  // the date is cut to a second: what lies between the question and the answer is
                  // no difference
  if (*theirs + std::chrono::seconds(1) < asked) skew = asked - *theirs - std::chrono::seconds(1);
  if (*theirs > answered) skew = answered - *theirs;
  const auto state = std::chrono::abs(skew) > std::chrono::seconds(30)  ? State::bad
                     : std::chrono::abs(skew) > std::chrono::seconds(2) ? State::warning
                                                                        : State::ok;
  if (state == State::ok) return {"clock", state, "as the broker's, within 2s", ""};
  return {"clock", state,
          fmt::format("this machine is {} {} the broker", to_duration(std::chrono::abs(skew)),
                      skew > Millis(0) ? "ahead of" : "behind"),
          "run NTP on both (timedatectl set-ntp true): beyond 30s windows of trip are cut short"};
}

Check tag_check(const Json& who, const std::string& user) {
  const bool right = std::ranges::any_of(
      who["tags"].items(), [](const Json& tag) { return tag.view() == "administrator"; });
  return {"rights of " + user, right ? State::ok : State::bad,
          right ? "administrator"
                : "it is not an administrator, so it can neither make users nor limit them",
          right ? "" : fmt::format("rabbitmqctl set_user_tags {} administrator", user)};
}

Check permission_check(const std::optional<Json>& granted, const std::string& user,
                       const std::string& vhost) {
  const auto what = fmt::format("permissions on {}", vhost);
  const bool all = granted && std::ranges::all_of(
                                  std::initializer_list<const char*>{"configure", "write", "read"},
                                  [&](const char* key) { return (*granted)[key].view() == ".*"; });
  if (all) return {what, State::ok, "all", ""};
  return {what, granted ? State::warning : State::bad,
          granted ? "less than \".*\" for configure, write and read" : "none",
          fmt::format("rabbitmqctl set_permissions -p {} {} '.*' '.*' '.*'", vhost, user)};
}

Check alarm_check(const Json& nodes) {
  std::vector<std::string> bad;
  for (const auto& node : nodes.items()) {
    const auto name = printable(node["name"].view(), 80);
    if (!node["running"].as_bool(true)) bad.push_back(name + " is down");
    if (node["mem_alarm"].as_bool()) bad.push_back(name + " is short of memory");
    if (node["disk_free_alarm"].as_bool()) bad.push_back(name + " is short of disk");
    if (!node["partitions"].items().empty()) bad.push_back(name + " is cut off from others");
  }
  if (bad.empty())
    return {"nodes", State::ok, fmt::format("{} without alarm", nodes.items().size()), ""};
  return {"nodes", State::bad, joined(bad),
          "publishers are blocked while an alarm lasts: free memory or disk on that node"};
}

/// The virtual hosts of a broker that are in use: its own, and those that services name.
std::set<std::string> vhosts_of(const Config& config, const BrokerSettings& settings) {
  std::set<std::string> out{settings.amqp.vhost};
  for (const auto& service : config.services) {
    const auto place = place_of(config, service);
    if (place && place->broker == settings.broker && !place->vhost.empty())
      out.insert(place->vhost);
  }
  return out;
}

/// Those that need something of the broker.
std::vector<const ServiceConfig*> services_on(const Config& config, const std::string& broker) {
  std::vector<const ServiceConfig*> out;
  for (const auto& service : config.services) {
    const auto place = place_of(config, service);
    if (service.table["rabbit"].is_object() && place && place->broker == broker)
      out.push_back(&service);
  }
  return out;
}

/// So far back doctor looks for signals that nobody hears, and so long.
constexpr Millis k_heard_lately = std::chrono::minutes(10);
constexpr Millis k_listening(3000);

/// Whether a permission covers the name. One that nobody can judge counts as covering it.
bool permits(std::string_view pattern, std::string_view name) {
  return !pattern.empty() && matches(pattern, name).value_or(true);
}

/// Users that have the right to bind the exchange to that of the signals. Nobody keeps who did.
std::string who_may_bind(const Json& permissions, const std::string& vhost,
                         const ForeignBinding& binding) {
  std::vector<std::string> names;
  for (const auto& row : permissions.items())
    if (row["vhost"].view() == vhost && permits(row["write"].view(), binding.destination) &&
        permits(row["read"].view(), binding.source))
      names.push_back(printable(row["user"].view(), 60));
  return names.empty() ? "who made it has no right to it any more"
                       : "who may have made it: " + joined(names);
}

Check service_check(const ServiceConfig& service, const Error& error) {
  return {"service " + service.name, State::bad, error.what, "correct its file"};
}

}  // namespace

Check RabbitDoctor::clock(const BrokerSettings& us, const std::string& base,
                          const Deadline& deadline) {
  const auto http = brokers_.host().http();
  if (!http) return failed("clock", http.error(), "");
  HttpRequest request;
  request.url = base + "/api/overview?columns=rabbitmq_version";
  request.user = us.user;
  request.password = us.password;
  request.ca_file = us.ca_file;
  request.deadline = deadline;
  request.max_bytes = 1 << 20;
  const auto asked = now();
  const auto answer = (*http)->send(request);
  if (!answer) return failed("clock", answer.error(), "see that the broker answers");
  return clock_check(*answer, asked, now());
}

/// How near the messages of a service's queues are to being given up by cuts.
Check RabbitDoctor::returns(Management& management, const ServiceConfig& service,
                            const Deadline& deadline) {
  const auto what = "queues of " + service.name;
  const auto limits = read_delivery_limits(management, service, deadline);
  if (!limits) return failed(what, limits.error(), "");
  if (limits->most.empty()) return {what, State::ok, "a cut loses nothing", ""};
  const auto looks = brokers_.look_for(service.name, deadline);
  if (!looks) return failed(what, looks.error(), "");
  std::int64_t cuts = 0;
  for (const auto& [broker, look] : *looks) {
    for (const auto& row : look.parameters.items()) {
      constexpr std::string_view prefix = "cdctl.cut.";
      const auto name = row["name"].view();
      const auto set =
          name.starts_with(prefix) ? parse_set_name(name.substr(prefix.size())) : std::nullopt;
      if (!set || set->service != service.name) continue;
      if (const auto memo = cut_memo_from_json(row["value"])) cuts += recent_cuts(*memo, now());
    }
  }
  bool near = false;
  std::vector<std::string> texts;
  for (const auto& [queue, limit] : limits->most) {
    const ReturnsLeft left{queue, limit, cuts};
    near = near || left.near();
    texts.push_back(left.text());
  }
  return {what, near ? State::warning : State::ok, joined(texts, "; "),
          near ? "lift the limit, or raise it far above the cuts of a day (docs/rabbitmq.md: "
                 "Delivery limits), and keep the workers' prefetch small"
               : ""};
}

/// What comes among the signals another way than from who sends them.
Check RabbitDoctor::bindings(Management& management, const Deadline& deadline) {
  const auto& vhost = management.settings().amqp.vhost;
  const auto what = fmt::format("bindings of {} on {}", k_signals, vhost);
  const auto found = foreign_bindings(management, deadline);
  if (!found) return failed(what, found.error(), "give the user the tag administrator");
  if (found->empty()) return {what, State::ok, "none but that of the stream", ""};
  const auto permissions = management.get(
      {.path = "/permissions", .doing = "reading who may do what", .shape = Shape::list}, deadline);
  std::vector<std::string> texts;
  for (const auto& binding : *found)
    texts.push_back(fmt::format(
        "{}; {}", binding.text(),
        permissions ? who_may_bind(*permissions, vhost, binding) : permissions.error().what));
  return {what, State::bad, joined(texts, "; "),
          "the next deploy or reap removes it; nothing that came through it is heard. Where a "
          "queue and an exchange have one name, call one of them otherwise"};
}

/// Who speaks and is not heard, and whose signals are heard of every set.
Check RabbitDoctor::speakers(Management& management, const Deadline& deadline) {
  const auto& us = management.settings();
  const auto what = "signals on " + us.amqp.vhost;
  const auto heard = fmt::format("of each set its own, and of every set those of {}",
                                 printable(joined(us.operators), 200));
  const auto there = management.get_if_there(
      {.path = path_of({"queues", us.amqp.vhost, k_signals_log}) + "?disable_stats=true",
       .doing = "reading the stream of the signals",
       .name = k_signals_log},
      deadline);
  if (!there) return failed(what, there.error(), "");
  if (!*there) return {what, State::ok, "none yet", ""};
  auto reader = open_stream(brokers_.host(), management,
                            {.since = now() - k_heard_lately, .cursor = "", .follow = false},
                            deadline.at_most(k_listening));
  if (!reader) return failed(what, reader.error(), "cdctl signals says the same");
  auto& unheard = (*reader)->unheard();
  unheard.keep_quiet();
  for (const auto until = deadline.at_most(k_listening); !(*reader)->at_end() && !until.passed();)
    if (const auto some = (*reader)->next(Millis(200)); !some)
      return failed(what, some.error(), "cdctl signals says the same");
  for (const auto why : {Unheard::Why::pretender, Unheard::Why::detour, Unheard::Why::nameless})
    if (const auto count = unheard.count(why); count > 0)
      return {what, State::warning,
              fmt::format("{} of the last {} not heard: {}",
                          plural(count, "message is", "messages are"), to_age(k_heard_lately),
                          unheard.first(why)),
              why == Unheard::Why::nameless
                  ? "set user_id in that client, or let it use cdctl signal or the listener"
                  : "docs/signals.md: Who is heard"};
  return {what, State::ok, heard, ""};
}

/// What deploy would refuse, said before: above all queues that drop messages on the n-th cut.
std::vector<Check> RabbitDoctor::queues(const std::string& broker, const Deadline& deadline) {
  std::vector<Check> out;
  const auto& config = brokers_.host().config();
  const auto all = services_on(config, broker);
  const auto usual = read_settings(config, broker);
  const auto vhost_of = [&](const ServiceConfig& service) {
    const auto place = place_of(config, service);
    const bool own = place && !place->vhost.empty();
    return own ? place->vhost : place && usual ? usual->amqp.vhost : std::string();
  };
  const auto beside = [&](const ServiceConfig& service) {
    auto same = all;
    const auto vhost = vhost_of(service);
    std::erase_if(same,
                  [&](const auto* other) { return vhost.empty() || vhost_of(*other) != vhost; });
    return same;
  };
  for (const auto* const on : all) {
    const auto& service = *on;
    if (auto check = workers_check(service)) out.push_back(std::move(*check));
    if (auto check = reach_check(service, beside(service))) out.push_back(std::move(*check));
    const auto what = "queues of " + service.name;
    const auto management = brokers_.of(service);
    const auto checked = management ? check_topology(**management, service, deadline)
                                    : Result<>(std::unexpected(management.error()));
    if (management) out.push_back(consumer_timeout_check(**management, service, deadline));
    if (management)
      if (auto check = control_check(**management, service, deadline))
        out.push_back(std::move(*check));
    if (checked)
      out.push_back(returns(**management, service, deadline));
    else
      out.push_back({what, checked.error().exit == ExitCode::unknown ? State::unknown : State::bad,
                     checked.error().what,
                     "correct [rabbit] of " + service.file.string() +
                         ", or the queue on the broker: docs/rabbitmq.md"});
  }
  return out;
}

std::vector<Check> RabbitDoctor::do_examine(const Deadline& deadline) {
  std::vector<Check> out;
  for (const auto& broker : brokers_.names()) {
    // One that hangs leaves time for those after it.
    const auto checks = examine_broker(
        broker, brokers_.several() ? deadline.at_most(deadline.left() / 2) : deadline);
    for (auto check : checks) {
      if (brokers_.several()) check.what = fmt::format("{}: {}", broker, check.what);
      out.push_back(std::move(check));
    }
  }
  const auto& config = brokers_.host().config();
  for (const auto& service : config.services)
    if (const auto place = place_of(config, service); service.table["rabbit"].is_object() && !place)
      out.push_back(service_check(service, place.error()));
  return out;
}

std::vector<Check> RabbitDoctor::examine_broker(const std::string& broker,
                                                const Deadline& deadline) {
  const auto found = brokers_.at({broker, ""});
  if (!found) return {failed("[rabbit]", found.error(), "correct cdctl.toml")};
  auto& management = **found;
  const auto& us = management.settings();
  const std::array calls{
      ApiCall{.path = "/overview", .doing = "reading the overview"},
      ApiCall{.path = "/whoami", .doing = "asking who we are", .name = us.user},
      ApiCall{.path = "/nodes", .doing = "reading the nodes", .shape = Shape::list},
      ApiCall{
          .path = "/feature-flags", .doing = "reading the feature flags", .shape = Shape::list}};
  const auto answers = management.send_all(calls, deadline);
  const auto json = [&](std::size_t i) -> Result<Json> {
    if (!answers[i]) return fail(answers[i].error());
    return management.parse(calls[i], *answers[i]);
  };
  const auto overview = json(0);
  if (!overview)
    return {
        failed("management API", overview.error(),
               "see that the broker runs with its management plugin, and [rabbit] of cdctl.toml")};
  (void)management.take_version(*overview);  // version_check() says what is wrong with it
  std::vector<Check> out{{"management API", State::ok, management.base(), ""},
                         version_check(*overview),
                         statistics_check(*overview)};
  const auto who = json(1), nodes = json(2), flags = json(3);
  out.push_back(
      who ? tag_check(*who, us.user)
          : failed("rights of " + us.user, who.error(), "check [rabbit] user and its password"));
  for (const auto& vhost : vhosts_of(brokers_.host().config(), us)) {
    const auto granted = management.get_if_there(
        {.path = path_of({"permissions", vhost, us.user}), .doing = "reading our permissions"},
        deadline);
    out.push_back(granted ? permission_check(*granted, us.user, vhost)
                          : failed("permissions on " + vhost, granted.error(),
                                   "give the user the tag administrator"));
  }
  out.push_back(nodes ? alarm_check(*nodes)
                      : failed("nodes", nodes.error(), "look at the broker's log"));
  out.push_back(flags ? feature_check(*flags)
                      : failed("features", flags.error(), "give the user the tag administrator"));
  out.push_back(clock(us, management.base(), deadline));
  for (const auto& vhost : vhosts_of(brokers_.host().config(), us)) {
    const auto place = brokers_.at({broker, vhost == us.amqp.vhost ? "" : vhost});
    if (!place) continue;  // said already
    out.push_back(bindings(**place, deadline));
    out.push_back(speakers(**place, deadline));
  }
  const auto services = services_on(brokers_.host().config(), broker);
  out.push_back(deprecated_check(management, services, deadline));
  if (auto check = stream_check(*overview, services)) out.push_back(std::move(*check));
  std::ranges::move(queues(broker, deadline), std::back_inserter(out));
  std::ranges::move(node_checks(brokers_.host(), us, deadline), std::back_inserter(out));
  auto driver = amqp_driver();
  auto link = driver ? (*driver)->connect(us.amqp, deadline)
                     : Result<std::unique_ptr<AmqpLink>>(std::unexpected(driver.error()));
  out.push_back(
      link ? Check{"AMQP", State::ok, us.amqp.shown(), ""}
           : failed("AMQP", link.error(),
                    "check [rabbit] amqp: the lock of a service and its signals go this way"));
  return out;
}

}  // namespace cdctl::rabbit
