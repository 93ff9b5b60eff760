#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "core/actions/reap.hpp"

namespace cdctl::actions {

Result<> check_max_reaps(const Config& config, const std::vector<Mark>& marks,
                         std::optional<std::int64_t> max_reaps) {
  const auto refuse = [](std::string_view whose, std::int64_t marked, std::int64_t cap) {
    return fail(ExitCode::refused,
                fmt::format("refused: {} sets{} are marked, max_reaps is {}; nothing was done. "
                            "Look at cdctl ls | cdctl stale, then raise --max-reaps",
                            marked, whose, cap));
  };
  std::map<std::string, std::int64_t> marked;
  for (const auto& mark : marks)
    if (!mark.begun) ++marked[mark.set.service];
  std::optional<std::int64_t> largest;
  for (const auto& [name, count] : marked) {
    const auto* service = config.service(name);
    if (!service) continue;
    const auto own = service->reaper.max_reaps;
    if (count > own && !max_reaps) return refuse(" of " + name, count, own);
    largest = std::max(largest.value_or(own), own);
  }
  const auto cap = max_reaps.value_or(largest.value_or(ReaperPolicy().max_reaps));
  // Foreign sets are refused one by one, and those that end already are no new ones.
  const auto all = std::ranges::count_if(marks, [&](const Mark& mark) {
    return !mark.begun && config.service(mark.set.service) != nullptr;
  });
  return all <= cap ? Result<>() : refuse("", all, cap);
}

}  // namespace cdctl::actions
