#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <string_view>

#include <cdctl/time.hpp>

namespace cdctl::cli {

/// The passing line on a terminal that stderr is, for people who wait. It moves by itself: a line
/// that begins with how much is done, `[3/10] fetching`, has a bar; any other a spinner, and for
/// how long something has been shown. Whatever else is written takes it away first, and it comes
/// back with the next step.
///
/// There is one stderr, and so one such line in a process. Where a process forks, its child has
/// none.
class ProgressLine {
 public:
  static void show(std::string_view line);
  static void clear();
  /// Takes it away, and keeps it so for as long as what is returned lives.
  [[nodiscard]] static std::unique_lock<std::mutex> hidden();
};

/// One picture of it, in so many columns of text.
[[nodiscard]] std::string progress_picture(std::string_view line, Millis shown, std::size_t frame,
                                           std::size_t columns, bool utf8);

}  // namespace cdctl::cli
