#include "memory.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/process.hpp>

#include "users.hpp"

namespace cdctl::rabbit {

namespace {

constexpr std::string_view k_set_prefix = "cdctl.set.", k_cut_prefix = "cdctl.cut.", k_force_prefix = "cdctl.force.";
// How long a lock that was asked for in advance is waited for before lock() has said its own deadline.
constexpr Millis k_prefetch(30'000);

}  // namespace

/// Puts one global parameter into the entry it belongs to. What cannot be used is reported, and leaves no memo.
void RabbitMemory::take_parameter(const Json& row, std::optional<std::string_view> service, std::map<std::string, MemoryEntry>& entries) {
  const auto parameter = row["name"].view();
  const bool is_set = parameter.starts_with(k_set_prefix);
  if (!is_set && !parameter.starts_with(k_cut_prefix)) return;
  const auto text = parameter.substr(k_set_prefix.size());  // both prefixes are of one length
  const auto set = parse_set_name(text);
  if (!set) {
    if (!service) host_.log(Level::warning, fmt::format("the global parameter {} names no set; ignored", printable(parameter, 100)));
    return;
  }
  if (service && set->service != *service) return;
  auto& entry = entries[std::string(text)];
  std::string trouble;
  if (is_set) {
    auto memo = set_memo_from_json(*set, row["value"]);
    if (memo) entry.set = std::move(*memo);
    else trouble = memo.error().what;
  } else {
    auto memo = cut_memo_from_json(row["value"]);
    if (memo) entry.cut_memo = std::move(*memo);
    else trouble = memo.error().what;
  }
  if (!trouble.empty()) {
    host_.log(Level::warning, fmt::format("the global parameter {} cannot be used: {}; delete or correct it", printable(parameter, 100), trouble));
  }
}

/// A forced state: of a set, or of a service.
void RabbitMemory::take_force(const Json& row, std::optional<std::string_view> service, std::map<std::string, Force>& forces) {
  const auto parameter = row["name"].view();
  if (!parameter.starts_with(k_force_prefix)) return;
  const auto name = parameter.substr(k_force_prefix.size());
  const auto set = parse_set_name(name);
  if (service && name != *service && !(set && set->service == *service)) return;
  auto force = force_from_json(row["value"]);
  if (force) forces.emplace(name, std::move(*force));
  else host_.log(Level::warning, fmt::format("the global parameter {} cannot be used: {}; delete or correct it", printable(parameter, 100), force.error().what));
}

Result<std::map<std::string, MemoryEntry>> RabbitMemory::read(std::optional<std::string_view> service, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto look, registry_.look(service, deadline));
  std::map<std::string, MemoryEntry> entries;
  std::map<std::string, Force> forces;
  for (const auto& row : look.parameters.items()) {
    take_parameter(row, service, entries);
    take_force(row, service, forces);
  }
  for (const auto& user : look.users.items()) {
    const auto set = parse_set_name(user["name"].view());
    if (!set || (service && set->service != *service)) continue;
    auto& entry = entries[set->str()];
    const auto limit = limit_of(user);
    entry.provisioned = true;
    entry.cut = limit.cut();
    if (!limit.cut()) entry.limit = limit.most;
    const bool on_trial = entry.cut_memo && entry.cut_memo->cut && entry.cut_memo->probation;
    if (on_trial) entry.cut = true;
  }
  for (auto& [name, entry] : entries) {
    auto at = forces.find(name);
    if (at == forces.end()) at = forces.find(parse_set_name(name)->service);
    if (at != forces.end()) entry.force = at->second;
  }
  return entries;
}

Result<> RabbitMemory::put(const std::string& name, Json value, const Deadline& deadline) {
  return management_.act({.method = "PUT", .path = path_of({"global-parameters", name}), .body = Json::object({{"value", std::move(value)}}),
                          .doing = "writing the global parameter " + name}, deadline);
}

Result<> RabbitMemory::forget(const std::string& name, const Deadline& deadline) {
  const Call call{.method = "DELETE", .path = path_of({"global-parameters", name}), .doing = "deleting the global parameter " + name};
  CDCTL_TRY_ASSIGN(const auto answer, management_.send(call, deadline));
  if (answer.ok() || answer.status == 404) return {};
  return fail(management_.explain(call, answer));
}

Result<> RabbitMemory::put_set(const SetMemo& memo, const Deadline& deadline) {
  CDCTL_TRY(put(std::string(k_set_prefix) + memo.name.str(), to_json(memo), deadline));
  crash_point("rabbit.memory.set");
  return {};
}

Result<> RabbitMemory::put_cut(const SetName& set, const CutMemo& memo, const Deadline& deadline) {
  CDCTL_TRY(put(std::string(k_cut_prefix) + set.str(), to_json(memo), deadline));
  crash_point("rabbit.memory.cut");
  return {};
}

Result<> RabbitMemory::put_force(std::string_view name, const std::optional<Force>& force, const Deadline& deadline) {
  if (!parse_set_name(name) && !valid_service_name(name)) return fail(ExitCode::usage, fmt::format("'{}' names no set and no service", printable(name, 80)));
  const auto parameter = std::string(k_force_prefix) + std::string(name);
  return force ? put(parameter, to_json(*force), deadline) : forget(parameter, deadline);
}

Result<> RabbitMemory::trim(std::string_view service, std::size_t keep, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto entries, read(service, deadline));
  std::vector<const SetMemo*> tombstones;
  for (const auto& [name, entry] : entries)
    if (entry.set && entry.set->reaped_at && !entry.provisioned) tombstones.push_back(&*entry.set);
  std::ranges::sort(tombstones, [](const SetMemo* a, const SetMemo* b) {
    return std::pair(*a->reaped_at, a->name) > std::pair(*b->reaped_at, b->name);
  });
  for (std::size_t i = keep; i < tombstones.size(); ++i) {
    const auto name = tombstones[i]->name.str();
    // The cut memory first: a crash in between leaves a tombstone, which the next trim finds.
    CDCTL_TRY(forget(std::string(k_cut_prefix) + name, deadline));
    crash_point("rabbit.memory.trim");
    CDCTL_TRY(forget(std::string(k_force_prefix) + name, deadline));
    CDCTL_TRY(forget(std::string(k_set_prefix) + name, deadline));
  }
  return {};
}

Result<std::unique_ptr<LockHolder>> RabbitMemory::start_lock(std::string_view service, const Deadline& deadline) {
  if (!valid_service_name(service)) return fail(ExitCode::usage, fmt::format("'{}' is no service name", printable(service, 60)));
  CDCTL_TRY_ASSIGN(const auto* settings, management_.settings());
  CDCTL_TRY_ASSIGN(auto* driver, amqp_driver());
  auto address = settings->amqp;
  address.name = fmt::format("cdctl lock {} {}", service, host_.actor());
  return std::make_unique<LockHolder>(*driver, std::move(address), std::string(service), deadline);
}

void RabbitMemory::prefetch_lock(std::string_view service) {
  if (prefetched_.contains(service)) return;
  auto holder = start_lock(service, Deadline(k_prefetch));
  if (holder) prefetched_.emplace(service, std::move(*holder));  // what failed will be tried, and told, by lock()
}

Result<std::unique_ptr<ServiceLock>> RabbitMemory::lock(std::string_view service, const Deadline& deadline) {
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
