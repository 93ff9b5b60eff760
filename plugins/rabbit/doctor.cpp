#include "doctor.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include <cdctl/names.hpp>

namespace cdctl::rabbit {

namespace {

using State = Check::State;

Check failed(std::string what, const Error& error, std::string cure) {
  return {std::move(what), error.exit == ExitCode::config || error.exit == ExitCode::failed ? State::bad : State::unknown, error.what, std::move(cure)};
}

/// Rules that hold from 3.10 on are what cdctl was run with; 3.8 has user limits and streams come with 3.9.
Check version_check(const Json& overview) {
  const auto version = overview["rabbitmq_version"].as_string();
  int major = 0, minor = 0;
  const auto dot = std::min(version.find('.'), version.size());
  std::from_chars(version.data(), version.data() + dot, major);
  if (dot < version.size()) std::from_chars(version.data() + dot + 1, version.data() + version.size(), minor);
  if (major < 3 || (major == 3 && minor < 9)) return {"RabbitMQ", State::bad, printable(version, 40), "use 3.9 or later: the signals are kept in a stream"};
  return {"RabbitMQ", State::ok, printable(version, 40), ""};
}

Check tag_check(const Json& who, const std::string& user) {
  const bool right = std::ranges::any_of(who["tags"].items(), [](const Json& tag) { return tag.view() == "administrator"; });
  return {"rights of " + user, right ? State::ok : State::bad, right ? "administrator" : "it is no administrator, so it can neither make users nor limit them",
          right ? "" : fmt::format("rabbitmqctl set_user_tags {} administrator", user)};
}

Check permission_check(const std::optional<Json>& granted, const std::string& user, const std::string& vhost) {
  const auto what = fmt::format("permissions on {}", vhost);
  const bool all = granted && std::ranges::all_of(std::initializer_list<const char*>{"configure", "write", "read"}, [&](const char* key) { return (*granted)[key].view() == ".*"; });
  if (all) return {what, State::ok, "all", ""};
  return {what, granted ? State::warning : State::bad, granted ? "less than \".*\" for configure, write and read" : "none", fmt::format("rabbitmqctl set_permissions -p {} {} '.*' '.*' '.*'", vhost, user)};
}

Check alarm_check(const Json& nodes) {
  std::string bad;
  const auto add = [&](std::string_view text) { bad += (bad.empty() ? "" : ", ") + std::string(text); };
  for (const auto& node : nodes.items()) {
    const auto name = printable(node["name"].view(), 80);
    if (!node["running"].as_bool(true)) add(name + " is down");
    if (node["mem_alarm"].as_bool()) add(name + " is short of memory");
    if (node["disk_free_alarm"].as_bool()) add(name + " is short of disk");
    if (!node["partitions"].items().empty()) add(name + " is cut off from others");
  }
  if (bad.empty()) return {"nodes", State::ok, fmt::format("{} without alarm", nodes.items().size()), ""};
  return {"nodes", State::bad, bad, "publishers are blocked while an alarm lasts: free memory or disk on that node"};
}

}  // namespace

std::vector<Check> RabbitDoctor::examine(const Deadline& deadline) {
  const auto settings = management_.settings();
  if (!settings) return {failed("[rabbit]", settings.error(), "correct cdctl.toml")};
  const auto& us = **settings;
  std::vector<Check> out;
  const auto overview = management_.get({.path = "/overview", .doing = "reading the overview"}, deadline);
  if (!overview) {
    out.push_back(failed("management API", overview.error(), "see that the broker runs with its management plugin, and [rabbit] of cdctl.toml"));
    return out;
  }
  out.push_back({"management API", State::ok, us.management, ""});
  out.push_back(version_check(*overview));
  const auto who = management_.get({.path = "/whoami", .doing = "asking who we are"}, deadline);
  out.push_back(who ? tag_check(*who, us.user) : failed("rights of " + us.user, who.error(), "check [rabbit] user and its password"));
  const auto granted = management_.get_if_there({.path = path_of({"permissions", us.amqp.vhost, us.user}), .doing = "reading our permissions"}, deadline);
  out.push_back(granted ? permission_check(*granted, us.user, us.amqp.vhost) : failed("permissions on " + us.amqp.vhost, granted.error(), "give the user the tag administrator"));
  const auto nodes = management_.get({.path = "/nodes", .doing = "reading the nodes"}, deadline);
  out.push_back(nodes ? alarm_check(*nodes) : failed("nodes", nodes.error(), "look at the broker's log"));
  auto driver = amqp_driver();
  auto link = driver ? (*driver)->connect(us.amqp, deadline) : Result<std::unique_ptr<AmqpLink>>(std::unexpected(driver.error()));
  out.push_back(link ? Check{"AMQP", State::ok, us.amqp.shown(), ""} : failed("AMQP", link.error(), "check [rabbit] amqp: the lock of a service and its signals go this way"));
  return out;
}

}  // namespace cdctl::rabbit
