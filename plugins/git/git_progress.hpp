#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include <cdctl/host.hpp>

namespace cdctl::git {

/// Takes a line for people who wait.
using Tell = std::function<void(std::string_view line)>;

/// The host's, one at a time: for several that fetch at once, while their caller waits for them.
[[nodiscard]] Tell teller_of(Host& host);

/// Hears what git says of how far it is, and tells it once a second at most: what is done in a
/// moment is told of by nobody.
class GitProgress {
 public:
  using Clock = std::chrono::steady_clock;

  GitProgress(Tell tell, std::string what) : tell_(std::move(tell)), what_(std::move(what)) {}
  /// Any piece of git's stderr, with --progress.
  void hear(std::string_view piece, Clock::time_point at = Clock::now());

 private:
  Tell tell_;
  std::string what_, rest_, newest_;
  Clock::time_point told_ = Clock::now();
};

/// `Receiving objects:  45% (9/20), 1.20 MiB | 3.00 MiB/s` as a passing line: `[45/100] WHAT:
/// receiving objects`. Empty for any other line.
[[nodiscard]] std::optional<std::string> progress_of(std::string_view line, std::string_view what);

}  // namespace cdctl::git
