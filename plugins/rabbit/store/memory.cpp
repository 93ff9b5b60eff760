#include "plugins/rabbit/store/memory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/users.hpp"

namespace cdctl::rabbit {

namespace {

// How long a lock that was asked for in advance is waited for before lock() has said its own
// deadline.
constexpr Millis k_prefetch(30'000);

constexpr std::string_view k_set_prefix = "cdctl.set.", k_cut_prefix = "cdctl.cut.",
                           k_force_prefix = "cdctl.force.", k_hold_prefix = "cdctl.hold.";

void move(std::optional<Time>& time, Millis by) {
  if (time) *time += by;
}
SetMemo moved(SetMemo memo, Millis by) {
  memo.deployed_at += by;
  move(memo.reaped_at, by);
  move(memo.first_deployed_at, by);
  move(memo.release_begun, by);
  move(memo.released_at, by);
  return memo;
}
CutMemo moved(CutMemo memo, Millis by) {
  memo.at += by;
  move(memo.mended_at, by);
  for (auto& cut : memo.cuts) cut += by;
  if (memo.probation) {
    memo.probation->since += by;
    memo.probation->until += by;
  }
  return memo;
}
Force moved(Force force, Millis by) {
  force.at += by;
  return force;
}
Hold moved(Hold hold, Millis by) {
  hold.at += by;
  move(hold.until, by);
  return hold;
}
template <class Value>
Result<Value> moved(Result<Value> value, Millis by) {
  return value ? Result<Value>(moved(std::move(*value), by)) : std::move(value);
}

/// Of a name that is a set's or a service's.
std::string service_of(const std::string& name) {
  const auto set = parse_set_name(name);
  return set ? set->service : name;
}

template <class Value, class Map>
void keep(Result<Value> value, Map& map, std::string_view name, std::string_view parameter,
          Host& host) {
  if (value)
    map.insert_or_assign(std::string(name), std::move(*value));
  else
    host.log(Level::warning,
             fmt::format("the global parameter {} cannot be used: {}; delete or correct it",
                         printable(parameter, 100), value.error().what));
}

}  // namespace

Result<std::string> RabbitMemory::broker_of(const SetName& set, const Deadline& deadline) {
  if (const auto at = read_from_.find(set); at != read_from_.end()) return at->second;
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  return management->settings().broker;
}

Millis RabbitMemory::ahead_of(const std::string& broker) {
  const auto management = brokers_.at({broker, ""});
  return management ? (*management)->ahead() : Millis(0);
}

Result<> RabbitMemory::put(const std::string& broker, const std::string& name, Json value,
                           const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.at({broker, ""}));
  return management->act({.method = "PUT",
                          .path = path_of({"global-parameters", name}),
                          .body = Json::object({{"value", std::move(value)}}),
                          .doing = "writing the global parameter " + name},
                         deadline);
}

Result<> RabbitMemory::forget(const std::string& broker, const std::string& name,
                              const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.at({broker, ""}));
  const ApiCall call{.method = "DELETE",
                     .path = path_of({"global-parameters", name}),
                     .doing = "deleting the global parameter " + name};
  CDCTL_TRY_ASSIGN(const auto answer, management->send(call, deadline));
  if (answer.ok() || answer.not_there()) return {};
  return fail(management->explain(call, answer));
}

Result<> RabbitMemory::do_put_set(const SetMemo& memo, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto broker, broker_of(memo.name, deadline));
  CDCTL_TRY_ASSIGN(const auto home, brokers_.home_of(memo.name.service));
  if (!memo.reaped_at && broker == home.broker)
    CDCTL_TRY(brokers_.note_move(memo.name.service, broker, deadline));
  CDCTL_TRY(put(broker, "cdctl.set." + memo.name.str(), to_json(moved(memo, -ahead_of(broker))),
                deadline));
  crash_point("rabbit.memory.set");
  return {};
}

Result<> RabbitMemory::do_put_cut(const SetName& set, const CutMemo& memo,
                                  const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto broker, broker_of(set, deadline));
  CDCTL_TRY(
      put(broker, "cdctl.cut." + set.str(), to_json(moved(memo, -ahead_of(broker))), deadline));
  crash_point("rabbit.memory.cut");
  return {};
}

Result<> RabbitMemory::do_put_force(std::string_view name, const std::optional<Force>& force,
                                    const Deadline& deadline) {
  const auto set = parse_set_name(name);
  if (!set && !valid_service_name(name))
    return fail(ExitCode::usage,
                fmt::format("'{}' names no set and no service", printable(name, 80)));
  CDCTL_TRY_ASSIGN(const auto home, brokers_.home_of(set ? set->service : name));
  auto broker = home.broker;
  if (set) {
    CDCTL_TRY_ASSIGN(broker, broker_of(*set, deadline));
  }
  const auto parameter = "cdctl.force." + std::string(name);
  CDCTL_TRY(force ? put(broker, parameter, to_json(moved(*force, -ahead_of(broker))), deadline)
                  : forget(broker, parameter, deadline));
  return set ? Result<>() : forget_elsewhere(name, broker, parameter, deadline);
}

Result<> RabbitMemory::do_put_hold(std::string_view name, const std::optional<Hold>& hold,
                                   const Deadline& deadline) {
  const auto set = parse_set_name(name);
  if (!set && !valid_service_name(name))
    return fail(ExitCode::usage,
                fmt::format("'{}' names no set and no service", printable(name, 80)));
  const std::string_view service = set ? std::string_view(set->service) : name;
  CDCTL_TRY_ASSIGN(const auto home, brokers_.home_of(service));
  holds_.clear();
  const auto parameter = "cdctl.hold." + std::string(name);
  CDCTL_TRY(
      hold ? put(home.broker, parameter, to_json(moved(*hold, -ahead_of(home.broker))), deadline)
           : forget(home.broker, parameter, deadline));
  return forget_elsewhere(service, home.broker, parameter, deadline);
}

/// What was said of a service before it moved counts until it is said anew.
Result<> RabbitMemory::forget_elsewhere(std::string_view service, const std::string& home,
                                        const std::string& parameter, const Deadline& deadline) {
  if (!brokers_.several()) return {};
  CDCTL_TRY_ASSIGN(const auto looks, brokers_.look_for(service, deadline));
  for (const auto& [broker, look] : looks) {
    const bool there = std::ranges::any_of(
        look.parameters.items(), [&](const Json& row) { return row["name"].view() == parameter; });
    if (there && broker != home) CDCTL_TRY(forget(broker, parameter, deadline));
  }
  return {};
}

Result<> RabbitMemory::do_trim(std::string_view service, std::size_t keep,
                               const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto looks, brokers_.look_for(service, deadline));
  for (const auto& [broker, look] : looks) {
    const auto page = page_of(broker, look, service);
    std::vector<const SetMemo*> tombstones;
    for (const auto& [name, entry] : page.entries)
      if (entry.set && entry.set->reaped_at && !entry.provisioned)
        tombstones.push_back(&*entry.set);
    std::ranges::sort(tombstones, [](const SetMemo* a, const SetMemo* b) {
      return std::pair(*a->reaped_at, a->name) > std::pair(*b->reaped_at, b->name);
    });
    for (std::size_t i = keep; i < tombstones.size(); ++i) {
      const auto name = tombstones[i]->name.str();
      // The cut memory first: a crash in between leaves a tombstone, which the next trim finds.
      CDCTL_TRY(forget(broker, "cdctl.cut." + name, deadline));
      crash_point("rabbit.memory.trim");
      CDCTL_TRY(forget(broker, "cdctl.force." + name, deadline));
      CDCTL_TRY(forget(broker, "cdctl.hold." + name, deadline));
      CDCTL_TRY(forget(broker, "cdctl.set." + name, deadline));
    }
  }
  // Nothing of the service is left anywhere: nobody needs to know where it was.
  if (keep == 0 && std::ranges::none_of(
                       looks, [&](const auto& look) { return look.second.holds_sets(service); })) {
    for (const auto& [broker, look] : looks)
      if (!look.also(service).empty())
        CDCTL_TRY(brokers_.write_also(service, broker, {}, deadline));
    return {};
  }
  return brokers_.note_left(service, looks, deadline);
}

Result<std::unique_ptr<LockHolder>> RabbitMemory::start_lock(std::string_view service,
                                                             const Deadline& deadline,
                                                             std::string_view what) {
  if (!valid_service_name(service))
    return fail(ExitCode::usage, fmt::format("'{}' is not a service name", printable(service, 60)));
  // In the broker's own virtual host: a service that moves to another one keeps its lock.
  CDCTL_TRY_ASSIGN(const auto home, brokers_.home_of(service));
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.at({home.broker, ""}));
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto address = management->settings().amqp;
  address.name = fmt::format("cdctl lock {} {}", service, host_.actor());
  return std::make_unique<LockHolder>(*driver, std::move(address),
                                      std::string(service).append(what), deadline);
}

void RabbitMemory::do_prefetch_lock(std::string_view service) {
  if (prefetched_.contains(service)) return;
  auto holder = start_lock(service, Deadline(k_prefetch));
  if (holder)
    prefetched_.emplace(service,
                        std::move(*holder));  // what failed will be tried, and told, by lock()
}

Result<std::unique_ptr<ServiceLock>> RabbitMemory::do_lock(std::string_view service,
                                                           const Deadline& deadline) {
  for (;;) {
    std::unique_ptr<LockHolder> holder;
    if (const auto at = prefetched_.find(service); at != prefetched_.end()) {
      holder = std::move(at->second);
      prefetched_.erase(at);
    } else {
      CDCTL_TRY_ASSIGN(holder, start_lock(service, deadline));
    }
    holder->wait_until(deadline);
    const auto taken = holder->wait();
    if (taken) return holder;
    const auto& error = taken.error();
    if (error.exit != ExitCode::timeout) return fail(error);
    if (holder->under_way()) {  // who asks again goes on waiting for the same answer
      holder->wait_until(Deadline(k_prefetch));
      prefetched_.emplace(service, std::move(holder));
      return fail(error);
    }
    if (deadline.passed()) return fail(error);
  }
}

/// No name of a service has a dot.
Result<std::unique_ptr<ServiceLock>> RabbitMemory::do_lock_release(std::string_view service,
                                                                   const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto holder, start_lock(service, deadline, ".release"));
  CDCTL_TRY(holder->wait());
  return holder;
}

// What the brokers say, as entries by set name.

/// Puts one global parameter into the entry it belongs to. What cannot be used is reported, and
/// leaves no memo.
void RabbitMemory::take_parameter(const Json& row, std::optional<std::string_view> service,
                                  Millis ahead, Page& page) {
  const auto parameter = row["name"].view();
  if (parameter.starts_with(k_force_prefix)) {
    const auto name = parameter.substr(k_force_prefix.size());
    const auto set = parse_set_name(name);
    if (!service || name == *service || (set && set->service == *service))
      keep(moved(force_from_json(row["value"]), ahead), page.forces, name, parameter, host_);
    if (const auto kept = page.forces.find(std::string(name)); kept != page.forces.end())
      kept->second.target = name;
    return;
  }
  const bool is_set = parameter.starts_with(k_set_prefix);
  if (!is_set && !parameter.starts_with(k_cut_prefix)) return;
  const auto text = parameter.substr(k_set_prefix.size());  // both prefixes are of one length
  const auto set = parse_set_name(text);
  if (!set) {
    if (!service)
      host_.log(Level::warning, fmt::format("the global parameter {} names no set; ignored",
                                            printable(parameter, 100)));
    return;
  }
  if (service && set->service != *service) return;
  auto& entry = page.entries[std::string(text)];
  std::string trouble;
  if (is_set) {
    auto memo = moved(set_memo_from_json(*set, row["value"]), ahead);
    if (memo)
      entry.set = std::move(*memo);
    else
      trouble = memo.error().what;
  } else {
    auto memo = moved(cut_memo_from_json(row["value"]), ahead);
    if (memo)
      entry.cut_memo = std::move(*memo);
    else
      trouble = memo.error().what;
  }
  if (!trouble.empty()) {
    host_.log(Level::warning,
              fmt::format("the global parameter {} cannot be used: {}; delete or correct it",
                          printable(parameter, 100), trouble));
  }
}

void RabbitMemory::take_hold(const Json& row, Millis ahead, std::map<std::string, Hold>& holds) {
  const auto parameter = row["name"].view();
  if (!parameter.starts_with(k_hold_prefix)) return;
  auto hold = moved(hold_from_json(row["value"]), ahead);
  // In doubt it is held: whoever wrote it meant to stop something.
  if (!hold)
    hold = Hold{"",
                fmt::format("the global parameter {} cannot be used: {}", printable(parameter, 100),
                            hold.error().what),
                Time(),
                {}};
  holds.insert_or_assign(std::string(parameter.substr(k_hold_prefix.size())), std::move(*hold));
}

void RabbitMemory::take_users(const Json& users, std::optional<std::string_view> service,
                              Page& page) {
  for (const auto& user : users.items()) {
    const auto set = parse_set_name(user["name"].view());
    if (!set || (service && set->service != *service)) continue;
    auto& entry = page.entries[set->str()];
    const auto limit = limit_of(user);
    entry.provisioned = true;
    entry.cut = limit.cut();
    if (!limit.cut()) entry.limit = limit.most;
    const bool on_trial = entry.cut_memo && entry.cut_memo->cut && entry.cut_memo->probation;
    if (on_trial) entry.cut = true;
  }
}

RabbitMemory::Page RabbitMemory::page_of(const std::string& broker, const BrokerState& look,
                                         std::optional<std::string_view> service) {
  Page page;
  // A look for one service may leave the others out.
  auto& holds = holds_[broker];
  std::erase_if(holds,
                [&](const auto& hold) { return !service || service_of(hold.first) == *service; });
  const auto ahead = ahead_of(broker);
  for (const auto& row : look.parameters.items()) {
    take_parameter(row, service, ahead, page);
    take_hold(row, ahead, holds);
  }
  take_users(look.users, service, page);
  return page;
}

/// A set that two brokers speak of is where its user is.
RabbitMemory::Entries RabbitMemory::merge(const std::map<std::string, BrokerState>& looks,
                                          std::optional<std::string_view> service) {
  Entries out;
  std::map<std::string, Page> pages;
  for (const auto& broker : brokers_.names()) {
    const auto look = looks.find(broker);
    if (look == looks.end()) continue;
    auto& page = pages[broker] = page_of(broker, look->second, service);
    for (auto& [name, entry] : page.entries) {
      const auto set = *parse_set_name(name);
      const auto there = out.find(name);
      const auto home = brokers_.home_of(set.service);
      const bool at_home = home && home->broker == broker;
      if (there != out.end() && (there->second.provisioned || !(entry.provisioned || at_home)))
        continue;
      if (const auto force = page.forces.find(name); force != page.forces.end())
        entry.force = force->second;
      read_from_[set] = broker;
      out.insert_or_assign(name, std::move(entry));
    }
  }
  for (auto& [name, entry] : out) {
    const auto set = *parse_set_name(name);
    if (entry.force) continue;
    const auto home = brokers_.home_of(set.service);
    for (const auto& [broker, page] :
         pages) {  // where the service lives goes before where it lived
      const auto force = page.forces.find(set.service);
      const bool at_home = home && home->broker == broker;
      if (force != page.forces.end() && (!entry.force || at_home)) entry.force = force->second;
    }
  }
  return out;
}

Result<std::map<std::string, MemoryEntry>> RabbitMemory::do_read(
    std::optional<std::string_view> service, const Deadline& deadline) {
  if (service) {
    CDCTL_TRY_ASSIGN(const auto looks, brokers_.look_for(*service, deadline));
    return merge(looks, service);
  }
  std::map<std::string, BrokerState> looks;
  for (auto& [broker, look] : brokers_.look_at(brokers_.names(), deadline)) {
    if (!look) return fail(look.error());
    looks.emplace(broker, std::move(*look));
  }
  return merge(looks, service);
}

Result<RabbitMemory::Page> RabbitMemory::take_named(const std::vector<std::string>& parameters,
                                                    const std::string& service,
                                                    const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.at({brokers_.names().front(), ""}));
  std::vector<ApiCall> calls;
  for (const auto& parameter : parameters)
    calls.push_back({.path = path_of({"global-parameters", parameter}),
                     .doing = "reading the global parameter " + parameter,
                     .name = parameter});
  const auto answers = management->send_all(calls, deadline);
  Page page;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->not_there()) continue;
    CDCTL_TRY_ASSIGN(const auto row, management->parse(calls[i], *answers[i]));
    take_parameter(row, service, management->ahead(), page);
  }
  return page;
}

Result<std::optional<Force>> RabbitMemory::do_force_of(const SetName& set,
                                                       const Deadline& deadline) {
  if (brokers_.several()) return Memory::do_force_of(set, deadline);
  const auto named = [](const std::string& name) { return std::string(k_force_prefix) + name; };
  CDCTL_TRY_ASSIGN(const auto page,
                   take_named({named(set.str()), named(set.service)}, set.service, deadline));
  return forced_by(page, set);
}

Result<MemoryEntry> RabbitMemory::do_notes_of(const SetName& set, const Deadline& deadline) {
  if (brokers_.several()) return Memory::do_notes_of(set, deadline);
  const auto name = set.str();
  std::vector<std::string> parameters{std::string(k_force_prefix) + set.service};
  for (const auto prefix : {k_set_prefix, k_cut_prefix, k_force_prefix})
    parameters.push_back(std::string(prefix) + name);
  CDCTL_TRY_ASSIGN(auto page, take_named(parameters, set.service, deadline));
  auto out = std::move(page.entries[name]);
  out.force = forced_by(page, set);
  return out;
}

Millis RabbitMemory::do_clock_ahead(std::string_view service) {
  const auto home = brokers_.home_of(service);
  return home ? ahead_of(home->broker) : Millis(0);
}

std::optional<Force> RabbitMemory::forced_by(const Page& page, const SetName& set) {
  for (const auto& name : {set.str(), set.service})
    if (const auto at = page.forces.find(name); at != page.forces.end()) return at->second;
  return {};
}

Result<std::map<std::string, Hold>> RabbitMemory::do_holds(const Deadline& deadline) {
  if (holds_.empty()) {
    for (const auto& [broker, look] : brokers_.look_at(brokers_.names(), deadline)) {
      if (!look && !brokers_.several()) return fail(look.error());
      if (!look) continue;
      auto& holds = holds_[broker];
      for (const auto& row : look->parameters.items()) take_hold(row, ahead_of(broker), holds);
    }
  }
  std::map<std::string, Hold> out;
  for (const auto& [broker, holds] : holds_) {
    for (const auto& [name, hold] :
         holds) {  // as with forced states: a service that moves stays held
      const auto home = brokers_.home_of(service_of(name));
      if ((home && home->broker == broker) || !out.contains(name)) out.insert_or_assign(name, hold);
    }
  }
  return out;
}

}  // namespace cdctl::rabbit
