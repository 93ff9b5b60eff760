#include "core/app/share.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace cdctl::app {

std::string share_of(Millis done, Millis all) {
  if (all < Millis(1000)) return {};
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(all).count();
  return fmt::format("[{}/{}] ", std::clamp<std::int64_t>(done.count() / 1000, 0, seconds),
                     seconds);
}

}  // namespace cdctl::app
