#include "plugins/rabbit/probe/probe.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>

#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/probe/judge.hpp"

namespace cdctl::rabbit {

namespace {

/// A file that cannot be read accuses nobody.
bool takes_messages(const ServiceConfig& service) {
  const auto topology = read_topology(service);
  return topology && topology->takes_messages();
}

/// Whether no other set of the service consumes: only then are its dead letters this set's.
bool alone(const SetName& set, const BrokerStats& look) {
  for (const auto& [name, user] : look.users) {
    const auto other = parse_set_name(name);
    if (other && other->service == set.service && *other != set && user.consumers > 0) return false;
  }
  return true;
}

bool churns(const std::vector<Json>& signals) {
  return std::ranges::any_of(
      signals, [](const Json& signal) { return signal["signal"].view() == "rabbit/churn"; });
}

Newer newer_of(const ProbeTarget& target, const BrokerStats& look,
               const std::map<std::string, SetBefore>& sets) {
  Newer out;
  out.overlap = target.service.overlap;
  out.prove_for = target.service.reaper.prove_for;
  for (const auto& newer : target.newer) {
    out.there = true;
    const auto user = look.users.find(newer.set.str());
    if (user == look.users.end() || user->second.consumers == 0) continue;
    const auto before = sets.find(newer.set.str());
    if (!takes_work(user->second,
                    before == sets.end() ? std::nullopt : std::optional(before->second)))
      continue;
    if (out.taker.empty() || newer.proven) out.taker = newer.set.str();
    out.proven = out.proven || newer.proven;
  }
  return out;
}

}  // namespace

Result<BrokerStats> RabbitProbe::look(std::span<const ProbeTarget> targets,
                                      const Deadline& deadline) {
  std::vector<SetName> sets;
  for (const auto& target : targets) sets.push_back(target.set);
  CDCTL_TRY_ASSIGN(const auto users_at, brokers_.of_sets(sets, deadline));
  std::map<Management*, std::vector<ProbeTarget>> by_place;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    CDCTL_TRY_ASSIGN(auto* const home, brokers_.of(targets[i].service));
    by_place[home].push_back(targets[i]);  // where its dead letters lie
    (void)by_place[users_at[i]];
  }
  BrokerStats out;
  std::set<std::string> seen;
  for (const auto& [management, here] : by_place) {
    const bool again = !seen.insert(management->settings().broker)
                            .second;  // another virtual host of a broker whose users are known
    CDCTL_TRY_ASSIGN(
        auto one, read_stats(*management, here,
                             by_place.size() == 1
                                 ? deadline
                                 : deadline.at_most(std::max(deadline.left() / 2, Millis(100)))));
    out.at = one.at;
    if (!again) out.users.merge(one.users);
    out.dead_letters.merge(one.dead_letters);
  }
  return out;
}

std::optional<ConsumerTimeout> RabbitProbe::timeout_of(const ServiceConfig& service,
                                                       const Deadline& deadline) {
  const auto management = brokers_.of(service);
  const auto timeouts = management ? read_consumer_timeouts(**management, service, deadline)
                                   : std::unexpected(management.error());
  if (timeouts) return shortest(*timeouts);
  brokers_.host().log(Level::warning, fmt::format("{}: looking for consumer timeouts: {}",
                                                  service.name, timeouts.error().what));
  return {};
}

/// Each service once, and told about its newest set: it is no fault of a revision. What could not
/// be looked into is noted, and hides nothing of what was seen.
std::vector<Json> RabbitProbe::look_for_poison(std::span<const ProbeTarget> targets,
                                               const std::map<std::string, Suspicion>& suspicions,
                                               Json& known, Time at, const Deadline& deadline) {
  std::vector<Json> out;
  std::set<std::string> seen;
  for (const auto& target : targets) {
    if (!target.newer.empty() || !seen.insert(target.set.service).second) continue;
    auto management = brokers_.of(target.service);
    auto found = management ? find_poison(**management, target.service, target.set,
                                          suspicions.at(target.set.service), known, at, deadline)
                            : Result<std::vector<Json>>(std::unexpected(management.error()));
    if (found)
      std::ranges::move(*found, std::back_inserter(out));
    else
      brokers_.host().log(Level::note, found.error().what);
  }
  return out;
}

Result<std::vector<Json>> RabbitProbe::do_observe(std::span<const ProbeTarget> targets,
                                                  Json& memory, const Deadline& deadline) {
  std::vector<Json> out;
  if (targets.empty()) return out;
  CDCTL_TRY_ASSIGN(const auto look, this->look(targets, deadline));
  auto sets = memory_from_json(memory);
  const auto dead_before = memory["dead_letters"];
  auto dead_now = dead_before.is_object()
                      ? dead_before
                      : Json::object();         // other services were looked at by others
  std::map<std::string, Suspicion> suspicions;  // by service
  static const UserStats nobody;
  std::map<std::string, std::optional<ConsumerTimeout>> timeouts;  // by service
  const auto sets_before = sets;
  for (const auto& target : targets) {
    const auto name = target.set.str();
    const auto user = look.users.find(name);
    const auto before = sets.find(name);
    Judged judged{target.set,
                  target.want,
                  target.cut,
                  alone(target.set, look),
                  {},
                  {},
                  target.locked_out,
                  takes_messages(target.service),
                  {},
                  newer_of(target, look, sets_before)};
    if (const auto count = look.dead_letters.find(target.set.service);
        count != look.dead_letters.end()) {
      judged.dead_letters = count->second;
      if (const auto& then = dead_before[target.set.service]; then.is_int())
        judged.dead_letters_before = then.as_int();
    }
    if (before != sets.end() && holds_for_long(before->second, look.at)) {
      if (!timeouts.contains(target.service.name))
        timeouts[target.service.name] = timeout_of(target.service, deadline);
      judged.timeout = timeouts[target.service.name];
    }
    auto judgement = judge(judged, user == look.users.end() ? nobody : user->second, look.at,
                           before == sets.end() ? std::nullopt : std::optional(before->second));
    sets[name] = std::move(judgement.after);
    auto& suspicion = suspicions[target.set.service];
    suspicion.crashing = suspicion.crashing || churns(judgement.signals);
    suspicion.more_dead = judged.dead_letters.value_or(0) > judged.dead_letters_before.value_or(0);
    std::ranges::move(judgement.signals, std::back_inserter(out));
  }
  auto poison = memory["poison"].is_object() ? memory["poison"] : Json::object();
  std::ranges::move(look_for_poison(targets, suspicions, poison, look.at, deadline),
                    std::back_inserter(out));
  memory = memory_to_json(sets, look.at);
  memory.set("poison", std::move(poison));
  for (const auto& [service, count] : look.dead_letters) dead_now.set(service, count);
  memory.set("dead_letters", std::move(dead_now));
  return out;
}

}  // namespace cdctl::rabbit
