#include "core/actions/wishes.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include <cdctl/text.hpp>

#include "core/actions/unit_policy.hpp"
#include "core/app/brokers.hpp"

namespace cdctl::actions {

namespace {

bool works(const records::Set& set) {
  return set.state == "live" && set.cut == false && !set.foreign;
}

std::int64_t units_of(const records::Set& set, const std::string& process) {
  return std::max<std::int64_t>(set.processes[process].as_int(), 0);
}

/// Why nothing is wished for a service whatever its queues hold; empty = nothing speaks against it.
std::string trouble_of(const std::vector<records::Set>& sets, const records::Set& newest) {
  for (const auto& set : sets)
    if (!set.foreign && (set.state.empty() || !set.cut))
      return fmt::format("what {} does could not be read", set.set);
  if (!newest.processes.is_object())
    return fmt::format("the engine {} cannot scale, or tells no units by process", newest.engine);
  if (!newest.units || !newest.units->want || newest.units->up != newest.units->want)
    return "not all of its units are up";
  return {};
}

Result<std::vector<QueueDepth>> depths_of(app::Context& context, const ServiceConfig& service,
                                          const Deadline& deadline) {
  std::vector<QueueDepth> out;
  const std::vector<const ServiceConfig*> one{&service};
  for (const auto& name : app::brokers_of(context, service)) {
    CDCTL_TRY_ASSIGN(auto* const broker, context.switch_(name));
    CDCTL_TRY_ASSIGN(auto depths, broker->queues(one, deadline));
    std::ranges::move(depths, std::back_inserter(out));
  }
  return out;
}

/// The queues of a process in one sum. A queue of which the broker has counted nothing beside one
/// that it has counted of was not used yet.
QueueLook sum_of(const std::vector<QueueDepth>& depths, const ScaleBounds& bounds,
                 records::Want& want) {
  QueueLook out{.at = want.time};
  for (const auto& depth : depths) {
    const bool named = std::ranges::find(bounds.queues, depth.queue) != bounds.queues.end();
    if (bounds.queues.empty() ? depth.dead_letters : !named) continue;
    want.queues.push_back(printable(depth.queue, 255));
    out.waiting += std::max<std::int64_t>(depth.ready, 0);
    out.held += std::max<std::int64_t>(depth.unacked, 0);
    if (depth.published) out.published = out.published.value_or(0) + *depth.published;
    if (depth.done) out.done = out.done.value_or(0) + *depth.done;
  }
  return out;
}

}  // namespace

Result<std::vector<records::Want>> wishes_of(app::Context& context, const ServiceConfig& service,
                                             const std::vector<records::Set>& sets, Json& memory,
                                             const Deadline& deadline) {
  std::vector<records::Want> out;
  const records::Set* newest = nullptr;
  for (const auto& set : sets)
    if (works(set) && (!newest || newest->deployed_at < set.deployed_at)) newest = &set;
  if (!newest || service.scale.empty()) return out;
  const auto trouble = trouble_of(sets, *newest);
  std::vector<QueueDepth> depths;
  if (trouble.empty()) {
    CDCTL_TRY_ASSIGN(depths, depths_of(context, service, deadline));
  }
  if (!memory.is_object()) memory = Json::object();
  for (const auto& [process, bounds] : service.scale) {
    auto& want = out.emplace_back();
    want.service = service.name;
    want.revision = newest->revision;
    want.set = newest->set;
    want.process = process;
    want.min = bounds.min;
    want.max = bounds.max;
    want.time = now();
    want.why = trouble;
    if (newest->processes[process].is_int()) want.now = units_of(*newest, process);
    if (!trouble.empty()) continue;
    if (!want.now) {
      want.why = "it has no process of that name";
      continue;
    }
    const auto look = sum_of(depths, bounds, want);
    if (want.queues.empty()) {
      want.why = "the broker knows no queue that its work comes from";
      continue;
    }
    want.waiting = look.waiting;
    want.held = look.held;
    std::int64_t others = 0;
    for (const auto& set : sets)
      if (works(set) && &set != newest) others += units_of(set, process);
    auto pace = pace_memory_from_json(memory[process]);
    const auto wish = wish_for(bounds, *want.now, others, look, pace);
    memory.set(process, to_json(pace));
    want.units = wish.units;
    want.why = wish.why;
    want.in_per_s = wish.in_per_s;
    want.done_per_s = wish.done_per_s;
    want.unit_per_s = wish.unit_per_s;
  }
  return out;
}

}  // namespace cdctl::actions
