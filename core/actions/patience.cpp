#include "core/actions/patience.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>

namespace cdctl::actions {

namespace {

constexpr Millis k_idle(2000);  // in which a worker that does nothing has ended

using Units = std::map<std::string, std::int64_t>;

}  // namespace

Patience Patience::of(const ServiceConfig* service, const std::optional<Millis>& given) {
  Patience out;
  if (service) out.grace = service->grace();
  if (given) {  // the time alone: how they are told stays what suits them
    out.grace.otherwise = out.waited = *given;
    out.grace.own.clear();
    return out;
  }
  const auto count = [&](const std::string& process) {
    const auto& all = service->stop_timeouts;
    const auto at = all.find(process);
    const bool until_done = at != all.end() && at->second.until_done;
    out.leaves = out.leaves || until_done;
    out.waited = std::max(out.waited, until_done ? k_idle : out.grace.of(process));
  };
  // Without `units` there may be more processes than the file names
  if (!service || service->units.empty()) out.waited = out.grace.otherwise;
  for (const auto& [process, units] : service ? service->units : Units()) count(process);
  if (service && service->units.empty())
    for (const auto& [process, timeout] : service->stop_timeouts) count(process);
  return out;
}

}  // namespace cdctl::actions
