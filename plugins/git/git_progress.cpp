#include "plugins/git/git_progress.hpp"

#include <charconv>
#include <memory>
#include <mutex>

#include <fmt/format.h>

#include <cdctl/text.hpp>

namespace cdctl::git {

namespace {

constexpr std::chrono::seconds k_between(1);
constexpr std::size_t k_longest = 1024;  ///< of a line; a server's own words may be any length

}  // namespace

Tell teller_of(Host& host) {
  return [&host, mutex = std::make_shared<std::mutex>()](std::string_view line) {
    const std::lock_guard lock(*mutex);
    host.progress(line);
  };
}

void GitProgress::hear(std::string_view piece, Clock::time_point at) {
  while (!piece.empty()) {
    const auto end = piece.find_first_of("\r\n");
    if (rest_.size() < k_longest) rest_ += piece.substr(0, std::min(end, k_longest));
    if (end == std::string_view::npos) break;
    piece.remove_prefix(end + 1);
    if (auto line = progress_of(rest_, what_)) newest_ = std::move(*line);
    rest_.clear();
  }
  if (newest_.empty() || at - told_ < k_between) return;
  told_ = at;
  tell_(newest_);
  newest_.clear();
}

std::optional<std::string> progress_of(std::string_view line, std::string_view what) {
  constexpr std::string_view k_remote = "remote: ";
  if (line.starts_with(k_remote)) line.remove_prefix(k_remote.size());
  const auto colon = line.find(": ");
  const auto percent = line.find("% (");
  if (colon == line.npos || percent == line.npos || percent < colon) return {};
  const auto doing = line.substr(0, colon);
  if (doing.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ") !=
      doing.npos)
    return {};
  const auto number = trimmed(line.substr(colon + 1, percent - colon - 1));
  int done = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), done);
  if (error != std::errc() || end != number.data() + number.size() || done < 0 || done > 100)
    return {};
  auto words = std::string(doing);
  if (!words.empty() && words.front() >= 'A' && words.front() <= 'Z')
    words.front() = static_cast<char>(words.front() - 'A' + 'a');
  return fmt::format("[{}/100] {}: {}", done, what, words);
}

}  // namespace cdctl::git
