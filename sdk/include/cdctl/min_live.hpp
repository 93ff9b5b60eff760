#pragma once

#include <cstdint>

#include <cdctl/error.hpp>
#include <cdctl/json.hpp>

namespace cdctl {

/// `min_live`: units, or percent of what was live.
struct MinLive {
  std::int64_t amount = 1;
  bool percent = false;
  /// Units that must stay when `before` were live.
  [[nodiscard]] std::int64_t needed(std::int64_t before) const;
};

/// `2` or `"50%"`, as in a service's file.
[[nodiscard]] Json to_json(const MinLive& limit);
/// What to_json() gives. The error says what a limit looks like.
[[nodiscard]] Result<MinLive> min_live_from_json(const Json& json);

}  // namespace cdctl
