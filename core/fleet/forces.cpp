#include "core/fleet/forces.hpp"

#include <algorithm>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/text.hpp>

namespace cdctl::fleet {

std::string forced_text(const Force& force, const SetName& set) {
  const auto target = force.target.empty() ? set.str() : force.target;
  return fmt::format("by {} on {}: {}; cdctl force none {} lifts that", force.by, target,
                     printable(force.why, 120), target);
}

/// A set that its service's memory has no entry of may be forced all the same, so that it is asked
/// for by its name.
Result<std::optional<Force>> Forces::ask(Memory& memory, const SetName& set, Service& known,
                                         const Deadline& deadline) {
  std::erase_if(known.sets, [&](const auto& entry) { return entry.second.until <= Clock::now(); });
  const auto until = Clock::now() + k_remembered;
  if (known.sets.size() >= k_one_by_one && Clock::now() >= known.whole_until) {
    CDCTL_TRY_ASSIGN(auto entries, memory.read(set.service, deadline));
    known.whole_until = until;
    for (auto& [name, entry] : entries)
      known.sets.insert_or_assign(name, Known{until, std::move(entry.force)});
    if (const auto at = known.sets.find(set.str()); at != known.sets.end()) return at->second.force;
  }
  CDCTL_TRY_ASSIGN(auto force, memory.force_of(set, deadline));
  return known.sets.insert_or_assign(set.str(), Known{until, std::move(force)}).first->second.force;
}

std::optional<Force> Forces::look(const ServiceConfig& service, const SetName& set,
                                  Service& known) {
  const auto name = context_.memory_name(service);
  auto& patience = patience_[name];
  const auto begun = Clock::now();
  if (begun >= patience.until) patience.left = k_timeout;
  auto memory = context_.memory(name);
  auto force = memory ? ask(**memory, set, known, Deadline(std::max(patience.left, k_glance)))
                      : Result<std::optional<Force>>(std::unexpected(memory.error()));
  if (force) return std::move(*force);
  context_.out.debug(fmt::format("{}: what was forced could not be read, so break will look: {}",
                                 service.name, force.error().what));
  known.silent_until = Clock::now() + k_remembered;
  if (patience.left == k_timeout) patience.until = known.silent_until;
  patience.left -= std::min(patience.left, std::chrono::ceil<Millis>(Clock::now() - begun));
  return {};
}

std::optional<Force> Forces::of(const SetName& set) {
  if (!looked_) {  // with --rule nobody has read the configuration; without one there is nothing to
                   // ask
    looked_ = true;
    if (auto loaded = context_.load_config(); !loaded)
      context_.out.debug("what was forced is not known: " + loaded.error().what);
  }
  const auto* service = context_.has_config() ? context_.config().service(set.service) : nullptr;
  if (!service) return {};
  auto& known = known_[service->name];
  const auto at = known.sets.find(set.str());
  if (at != known.sets.end() && Clock::now() < at->second.until) return at->second.force;
  if (Clock::now() < known.silent_until) return {};
  return look(*service, set, known);
}

}  // namespace cdctl::fleet
