#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <cdctl/time.hpp>

namespace cdctl::cli {

/// The passing line on a terminal that stderr is, for people who wait. It moves by itself: a line
/// that begins with how much is done, `[3/10] fetching`, has a bar; any other a spinner, and for
/// how long something has been shown. Whatever else is written takes it away first, and it comes
/// back with the next step. A terminal that takes nothing (Ctrl-S) gets no pictures; nobody waits
/// for it but who has a line of its own to write there.
///
/// There is one stderr, and so one such line in a process. Where a process forks, its child has
/// none.
class ProgressLine {
 public:
  static void show(std::string_view line);
  static void clear();

  /// Takes it away, and keeps it so for as long as this lives: for a line of another kind.
  class Hidden {
   public:
    Hidden();
    Hidden(const Hidden&) = delete;
    Hidden& operator=(const Hidden&) = delete;
    ~Hidden();
    /// What has to be written first, where the terminal did not take it; mostly nothing.
    [[nodiscard]] std::string_view first() const { return first_; }

   private:
    std::string_view first_;
  };
};

/// One picture of it, in so many columns of text.
[[nodiscard]] std::string progress_picture(std::string_view line, Millis shown, std::size_t frame,
                                           std::size_t columns, bool utf8);

}  // namespace cdctl::cli
