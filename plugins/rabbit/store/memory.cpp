#include "plugins/rabbit/store/memory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::rabbit {

namespace {

// How long a lock that was asked for in advance is waited for before lock() has said its own
// deadline.
constexpr Millis k_prefetch(30'000);

}  // namespace

Result<std::string> RabbitMemory::broker_of(const SetName& set, const Deadline& deadline) {
  if (const auto at = read_from_.find(set); at != read_from_.end()) return at->second;
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.of_set(set, deadline));
  return management->settings().broker;
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
  const Call call{.method = "DELETE",
                  .path = path_of({"global-parameters", name}),
                  .doing = "deleting the global parameter " + name};
  CDCTL_TRY_ASSIGN(const auto answer, management->send(call, deadline));
  if (answer.ok() || answer.status == 404) return {};
  return fail(management->explain(call, answer));
}

Result<> RabbitMemory::do_put_set(const SetMemo& memo, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto broker, broker_of(memo.name, deadline));
  CDCTL_TRY_ASSIGN(const auto home, brokers_.home_of(memo.name.service));
  if (!memo.reaped_at && broker == home.broker)
    CDCTL_TRY(brokers_.note_move(memo.name.service, broker, deadline));
  CDCTL_TRY(put(broker, "cdctl.set." + memo.name.str(), to_json(memo), deadline));
  crash_point("rabbit.memory.set");
  return {};
}

Result<> RabbitMemory::do_put_cut(const SetName& set, const CutMemo& memo,
                                  const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto broker, broker_of(set, deadline));
  CDCTL_TRY(put(broker, "cdctl.cut." + set.str(), to_json(memo), deadline));
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
  CDCTL_TRY(force ? put(broker, parameter, to_json(*force), deadline)
                  : forget(broker, parameter, deadline));
  return set ? Result<>() : forget_elsewhere(name, broker, parameter, deadline);
}

Result<> RabbitMemory::do_put_hold(std::string_view service, const std::optional<Hold>& hold,
                                   const Deadline& deadline) {
  if (!valid_service_name(service))
    return fail(ExitCode::usage, fmt::format("'{}' is no service name", printable(service, 60)));
  CDCTL_TRY_ASSIGN(const auto home, brokers_.home_of(service));
  holds_.clear();
  const auto parameter = "cdctl.hold." + std::string(service);
  CDCTL_TRY(hold ? put(home.broker, parameter, to_json(*hold), deadline)
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
                                                             const Deadline& deadline) {
  if (!valid_service_name(service))
    return fail(ExitCode::usage, fmt::format("'{}' is no service name", printable(service, 60)));
  // In the broker's own virtual host: a service that moves to another one keeps its lock.
  CDCTL_TRY_ASSIGN(const auto home, brokers_.home_of(service));
  CDCTL_TRY_ASSIGN(auto* const management, brokers_.at({home.broker, ""}));
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto address = management->settings().amqp;
  address.name = fmt::format("cdctl lock {} {}", service, host_.actor());
  return std::make_unique<LockHolder>(*driver, std::move(address), std::string(service), deadline);
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
  if (const auto at = prefetched_.find(service); at != prefetched_.end()) {
    auto holder = std::move(at->second);
    prefetched_.erase(at);
    holder->wait_until(deadline);
    const auto taken = holder->wait();
    if (taken) return holder;
    if (taken.error().exit != ExitCode::timeout || deadline.passed()) return fail(taken.error());
  }
  CDCTL_TRY_ASSIGN(auto holder, start_lock(service, deadline));
  CDCTL_TRY(holder->wait());
  return holder;
}

}  // namespace cdctl::rabbit
