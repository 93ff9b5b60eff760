#include "core/app/brokers.hpp"

#include <algorithm>
#include <utility>

namespace cdctl::app {

std::vector<std::string> brokers_of(Context& context, const ServiceConfig& service) {
  auto names = context.broker_switches(service);
  if (!service.table.is_object()) return names;
  for (auto& kind : context.plugin_host().owning("switch", service.table))
    if (std::ranges::find(names, kind) == names.end()) names.push_back(std::move(kind));
  return names;
}

}  // namespace cdctl::app
