#include "trip_force.hpp"

#include <fmt/format.h>

namespace cdctl::cli {

const Forces::Known& Forces::read(const ServiceConfig& service) {
  auto& known = known_[service.name];
  if (Clock::now() < known.until) return known;
  auto memory = context_.memory(Context::memory_name(service));
  auto entries = memory ? (*memory)->read(service.name, Deadline(k_timeout)) : Result<std::map<std::string, MemoryEntry>>(std::unexpected(memory.error()));
  if (entries) known.entries = std::move(*entries);
  else context_.out.debug(fmt::format("{}: what was forced could not be read, so break will look: {}", service.name, entries.error().what));
  known.until = Clock::now() + k_remembered;
  return known;
}

std::optional<Force> Forces::of(const SetName& set) {
  if (!looked_) {  // with --rule nobody has read the configuration; without one there is nothing to ask
    looked_ = true;
    if (auto loaded = context_.load_config(); !loaded) context_.out.debug("what was forced is not known: " + loaded.error().what);
  }
  const auto* service = context_.has_config() ? context_.config().service(set.service) : nullptr;
  if (!service) return {};
  const auto& entries = read(*service).entries;
  const auto at = entries.find(set.str());
  return at == entries.end() ? std::nullopt : at->second.force;
}

}  // namespace cdctl::cli
