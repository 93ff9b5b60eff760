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
  if (!context_.has_config()) return {};
  const auto* service = context_.config().service(set.service);
  if (!service || !service->table["rabbit"].is_object()) return {};
  const auto& entries = read(*service).entries;
  const auto at = entries.find(set.str());
  return at == entries.end() ? std::nullopt : at->second.force;
}

}  // namespace cdctl::cli
