#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

#include "plugins/rabbit/broker/users.hpp"
#include "plugins/rabbit/store/memory.hpp"

// What the brokers say, as entries by set name.

namespace cdctl::rabbit {

namespace {

constexpr std::string_view k_set_prefix = "cdctl.set.", k_cut_prefix = "cdctl.cut.",
                           k_force_prefix = "cdctl.force.", k_hold_prefix = "cdctl.hold.";

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

/// Puts one global parameter into the entry it belongs to. What cannot be used is reported, and
/// leaves no memo.
void RabbitMemory::take_parameter(const Json& row, std::optional<std::string_view> service,
                                  Page& page) {
  const auto parameter = row["name"].view();
  if (parameter.starts_with(k_force_prefix)) {
    const auto name = parameter.substr(k_force_prefix.size());
    const auto set = parse_set_name(name);
    if (!service || name == *service || (set && set->service == *service))
      keep(force_from_json(row["value"]), page.forces, name, parameter, host_);
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
    auto memo = set_memo_from_json(*set, row["value"]);
    if (memo)
      entry.set = std::move(*memo);
    else
      trouble = memo.error().what;
  } else {
    auto memo = cut_memo_from_json(row["value"]);
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

void RabbitMemory::take_hold(const Json& row, std::map<std::string, Hold>& holds) {
  const auto parameter = row["name"].view();
  if (!parameter.starts_with(k_hold_prefix)) return;
  auto hold = hold_from_json(row["value"]);
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

RabbitMemory::Page RabbitMemory::page_of(const std::string& broker, const Look& look,
                                         std::optional<std::string_view> service) {
  Page page;
  // A look for one service may leave the others out.
  auto& holds = holds_[broker];
  if (service)
    holds.erase(std::string(*service));
  else
    holds.clear();
  for (const auto& row : look.parameters.items()) {
    take_parameter(row, service, page);
    take_hold(row, holds);
  }
  take_users(look.users, service, page);
  return page;
}

/// A set that two brokers speak of is where its user is.
RabbitMemory::Entries RabbitMemory::merge(const std::map<std::string, Look>& looks,
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
  std::map<std::string, Look> looks;
  for (auto& [broker, look] : brokers_.look_at(brokers_.names(), deadline)) {
    if (!look) return fail(look.error());
    looks.emplace(broker, std::move(*look));
  }
  return merge(looks, service);
}

Result<std::optional<Force>> RabbitMemory::do_force_of(const SetName& set,
                                                       const Deadline& deadline) {
  if (brokers_.several()) return Memory::do_force_of(set, deadline);
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.at({brokers_.names().front(), ""}));
  std::vector<Call> calls;
  for (const auto& name : {set.str(), set.service})
    calls.push_back({.path = path_of({"global-parameters", std::string(k_force_prefix) + name}),
                     .doing = "reading what is forced on " + name});
  const auto answers = management->send_all(calls, deadline);
  Page page;
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (!answers[i]) return fail(answers[i].error());
    if (answers[i]->status == 404) continue;
    CDCTL_TRY_ASSIGN(const auto row, management->parse(calls[i], *answers[i]));
    take_parameter(row, set.service, page);
  }
  for (const auto& name : {set.str(), set.service})
    if (const auto at = page.forces.find(name); at != page.forces.end())
      return std::optional(at->second);
  return std::optional<Force>();
}

Result<std::map<std::string, Hold>> RabbitMemory::do_holds(const Deadline& deadline) {
  if (holds_.empty()) {
    for (const auto& [broker, look] : brokers_.look_at(brokers_.names(), deadline)) {
      if (!look && !brokers_.several()) return fail(look.error());
      if (!look) continue;
      auto& holds = holds_[broker];
      for (const auto& row : look->parameters.items()) take_hold(row, holds);
    }
  }
  std::map<std::string, Hold> out;
  for (const auto& [broker, holds] : holds_) {
    for (const auto& [service, hold] :
         holds) {  // as with forced states: a service that moves stays held
      const auto home = brokers_.home_of(service);
      if ((home && home->broker == broker) || !out.contains(service))
        out.insert_or_assign(service, hold);
    }
  }
  return out;
}

}  // namespace cdctl::rabbit
