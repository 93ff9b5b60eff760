#include "plugins/rabbit/reach_check.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/pattern.hpp"
#include "plugins/rabbit/broker/topology.hpp"

namespace cdctl::rabbit {

namespace {

using State = Check::State;

constexpr std::string_view k_control = "celery.pidbox";  ///< of the only framework that has such

/// The first of these patterns that reaches the name; empty when none does.
std::string reaching(const std::vector<std::string>& patterns, std::string_view name) {
  const auto at =
      std::ranges::find_if(patterns, [&](const auto& one) { return glob_match(one, name); });
  return at == patterns.end() ? std::string() : *at;
}

/// What the patterns reach of what another service alone names.
void add_reached(const Topology& own, const ServiceConfig& other, std::vector<std::string>& out) {
  const auto theirs = read_topology(other);
  if (!theirs) return;  // the check of its queues says so
  const auto add = [&](const char* key, const std::vector<std::string>& patterns,
                       std::string_view kind, const std::string& name) {
    if (const auto pattern = reaching(patterns, name); !pattern.empty())
      out.push_back(fmt::format("{} = \"{}\" reaches the {} {} of {}", key, printable(pattern, 60),
                                kind, printable(name, 60), other.name));
  };
  const auto each = [&](std::string_view kind, const auto& names, const auto& ours) {
    for (const auto& [name, what] : names) {
      if (ours.contains(name)) continue;  // which both name: they share it
      add("configure", own.configure, kind, name);
      add("write", own.write, kind, name);
      add("read", own.read, kind, name);
    }
  };
  each("queue", theirs->queues, own.queues);
  each("exchange", theirs->exchanges, own.exchanges);
}

}  // namespace

std::optional<Check> reach_check(const ServiceConfig& service,
                                 const std::vector<const ServiceConfig*>& beside) {
  const auto topology = read_topology(service);
  if (!topology) return {};
  std::vector<std::string> reached;
  for (const auto* other : beside)
    if (other->name != service.name) add_reached(*topology, *other, reached);
  if (reached.empty()) return {};
  const auto more = reached.size() > 5 ? fmt::format("; and {} more", reached.size() - 5) : "";
  reached.resize(std::min<std::size_t>(reached.size(), 5));
  return Check{"reach of " + service.name, State::warning, joined(reached, "; ") + more,
               fmt::format("where that is not meant: narrow the names in [rabbit] of {}, or give "
                           "one of the services a virtual host of its own (vhost)",
                           service.file.string())};
}

std::vector<std::string> strangers_in_control(const Json& permissions, const std::string& vhost,
                                              const Config& config) {
  std::vector<std::string> out;
  for (const auto& row : permissions.items()) {
    const auto set = parse_set_name(row["user"].view());
    if (!set || row["vhost"].view() != vhost || config.service(set->service)) continue;
    if (config.broken.contains(set->service)) continue;  // of ours, and its file cannot be used
    const auto pattern = row["write"].view();
    // One that nobody can judge counts as covering it.
    if (!pattern.empty() && matches(pattern, k_control).value_or(true)) out.push_back(set->str());
  }
  std::ranges::sort(out);
  return out;
}

std::optional<Check> control_check(Management& management, const ServiceConfig& service,
                                   const Deadline& deadline) {
  const auto topology = read_topology(service);
  if (!topology || !topology->controlled()) return {};
  const auto& vhost = management.settings().amqp.vhost;
  const auto what = "remote control of " + service.name;
  const auto permissions = management.get(
      {.path = "/permissions", .doing = "reading who may do what", .shape = Shape::list}, deadline);
  if (!permissions)
    return Check{what, State::unknown, permissions.error().what,
                 "give the user the tag administrator"};
  const auto strangers = strangers_in_control(*permissions, vhost, management.host().config());
  if (strangers.empty()) return {};
  return Check{what, State::warning,
               fmt::format("sets of services that are not configured here run {} in the virtual "
                           "host {} as well ({}), and could end its workers",
                           topology->framework->title, printable(vhost, 60),
                           printable(joined(strangers), 200)),
               "give one of them a virtual host of its own (vhost), or say remote_control = false"};
}

}  // namespace cdctl::rabbit
