#include "trip_force.hpp"

#include <fmt/format.h>

namespace cdctl::cli {

std::optional<Force> Forces::ask(const ServiceConfig& service, const SetName& set, Service& known) {
  const auto until = Clock::now() + k_remembered;
  std::erase_if(known.sets, [&](const auto& entry) { return entry.second.until <= Clock::now(); });
  const auto unreadable = [&](const Error& error) {
    context_.out.debug(fmt::format("{}: what was forced could not be read, so break will look: {}", service.name, error.what));
    known.sets.insert_or_assign(set.str(), Known{until, {}});
    return std::optional<Force>();
  };
  auto memory = context_.memory(Context::memory_name(service));
  if (!memory) return unreadable(memory.error());
  if (known.sets.size() < k_one_by_one) {
    auto force = (*memory)->force_of(set, Deadline(k_timeout));
    if (!force) return unreadable(force.error());
    return known.sets.insert_or_assign(set.str(), Known{until, std::move(*force)}).first->second.force;
  }
  auto entries = (*memory)->read(service.name, Deadline(k_timeout));
  if (!entries) return unreadable(entries.error());
  known.sets.clear();
  known.whole_until = until;
  for (auto& [name, entry] : *entries) known.sets.insert_or_assign(name, Known{until, std::move(entry.force)});
  return known.sets[set.str()].force;
}

std::optional<Force> Forces::of(const SetName& set) {
  if (!looked_) {  // with --rule nobody has read the configuration; without one there is nothing to ask
    looked_ = true;
    if (auto loaded = context_.load_config(); !loaded) context_.out.debug("what was forced is not known: " + loaded.error().what);
  }
  const auto* service = context_.has_config() ? context_.config().service(set.service) : nullptr;
  if (!service) return {};
  auto& known = known_[service->name];
  const auto at = known.sets.find(set.str());
  if (at != known.sets.end() && Clock::now() < at->second.until) return at->second.force;
  if (Clock::now() < known.whole_until) return {};
  return ask(*service, set, known);
}

}  // namespace cdctl::cli
