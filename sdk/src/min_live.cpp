#include <cdctl/min_live.hpp>

#include <algorithm>
#include <charconv>
#include <string>

namespace cdctl {

std::int64_t MinLive::needed(std::int64_t before) const {
  if (!percent) return amount;
  return (before * amount + 99) / 100;
}

Json to_json(const MinLive& limit) {
  return limit.percent ? Json(std::to_string(limit.amount) + "%") : Json(limit.amount);
}

Result<MinLive> min_live_from_json(const Json& json) {
  if (json.is_int() && json.as_int() >= 0) return MinLive{json.as_int(), false};
  auto digits = json.view();
  MinLive out{0, true};
  if (digits.size() >= 2 && digits.size() <= 4 && digits.ends_with('%')) {
    digits.remove_suffix(1);
    const auto [end, error] = std::from_chars(digits.begin(), digits.end(), out.amount);
    if (error == std::errc() && end == digits.end() && out.amount >= 0 && out.amount <= 100)
      return out;
  }
  return fail("must be a number of units or a percentage such as \"50%\"");
}

}  // namespace cdctl
