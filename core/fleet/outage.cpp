#include "core/fleet/outage.hpp"

#include <algorithm>
#include <map>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cdctl/text.hpp>

#include "core/fleet/offers.hpp"

namespace cdctl::fleet {

namespace {

enum class Work { none, some, unknown };

Work work_of(const SetView& set) {
  if (!set.cut) return Work::unknown;
  if (*set.cut || set.ghost || set.locked_out || set.left_stopped()) return Work::none;
  if (set.given_up()) return Work::none;
  if (!set.status) return Work::unknown;  // of another home
  if (set.status->up) return *set.status->up > 0 ? Work::some : Work::none;
  return set.state == "down" || set.state == "partial" ? Work::none : Work::unknown;
}

std::string word_of(const SetView& set) {
  if (set.cut.value_or(false)) return "cut";
  if (set.locked_out) return "locked out";
  if (set.given_up()) return "left over";
  return set.left_stopped() ? "stopped" : set.state;
}

/// `1 set is down, 2 are cut`
std::string told(const ServiceView& view) {
  std::map<std::string, std::int64_t> counts;
  for (const auto& set : view.sets) ++counts[word_of(set)];
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts)
    parts.push_back(parts.empty()
                        ? fmt::format("{} {}", plural(count, "set is", "sets are"), state)
                        : fmt::format("{} {} {}", count, count == 1 ? "is" : "are", state));
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace

std::optional<SetName> newest_name(const ServiceView& view) {
  if (!view.sets.empty()) return view.sets.front().name;
  const auto known = history(view);
  return known.empty() ? std::optional<SetName>() : known.front().name;
}

std::string outage_of(const ServiceView& view) {
  if (view.error || (view.hold && view.hold->retiring)) return {};
  if (view.sets.empty()) {
    const bool was = std::ranges::any_of(
        view.gone, [](const auto& entry) { return entry.second.set.has_value(); });
    return was ? "no set is out there" : "";
  }
  const bool none =
      std::ranges::all_of(view.sets, [](const SetView& set) { return work_of(set) == Work::none; });
  const bool begun = std::ranges::any_of(view.sets, [](const SetView& set) {
    return set.state != "deploying" || (set.status && set.status->served);
  });
  return none && begun ? "no unit works: " + told(view) : "";
}

}  // namespace cdctl::fleet
