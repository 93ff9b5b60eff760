#include "cli/output/progress_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <optional>
#include <thread>

#include <fmt/format.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "cli/output/screen_text.hpp"

namespace cdctl::cli {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Millis k_frame(125);
constexpr std::size_t k_bar = 20;
constexpr std::string_view k_gone = "\r\033[K";
constexpr std::array<std::string_view, 10> k_spinner{"⠋", "⠙", "⠹", "⠸", "⠼",
                                                     "⠴", "⠦", "⠧", "⠇", "⠏"};
constexpr std::string_view k_plain_spinner = "|/-\\";

struct Share {
  std::int64_t done = 0, all = 0;
};

/// `[3/10] ` off the front of a line.
std::optional<Share> take_share(std::string_view& line) {
  if (!line.starts_with('[')) return {};
  const auto* const end = line.data() + line.size();
  Share out;
  const auto first = std::from_chars(line.data() + 1, end, out.done);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != '/') return {};
  const auto second = std::from_chars(first.ptr + 1, end, out.all);
  constexpr std::string_view k_close = "] ";
  if (second.ec != std::errc() || out.done < 0 || out.all < 1) return {};
  auto rest = line.substr(static_cast<std::size_t>(second.ptr - line.data()));
  if (!rest.starts_with(k_close)) return {};
  rest.remove_prefix(k_close.size());
  line = rest;
  out.done = std::min(out.done, out.all);
  return out;
}

std::string bar(const Share& share, bool utf8) {
  const auto full =
      k_bar * static_cast<std::size_t>(share.done) / static_cast<std::size_t>(share.all);
  std::string out;
  for (std::size_t i = 0; i < k_bar; ++i) out += i < full ? (utf8 ? "█" : "#") : (utf8 ? "░" : ".");
  return fmt::format("{} {}/{}", out, share.done, share.all);
}

/// What is drawn, and by whom. Never destroyed: its thread may outlive everything else.
struct Screen {
  std::mutex mutex;
  std::condition_variable changed;
  std::string line;
  Clock::time_point since;
  std::size_t frame = 0;
  bool shown = false, drawing = false;  ///< drawing: the thread is there
};

Screen& screen() {
  static auto* const made = new Screen;
  return *made;
}

/// The lock is held.
void draw(Screen& now) {
  struct winsize size{};
  const std::size_t columns =
      ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80;
  const auto shown = std::chrono::duration_cast<Millis>(Clock::now() - now.since);
  static const bool utf8 = screen_knows_utf8();
  (void)write_all(
      STDERR_FILENO,
      std::string(k_gone) + progress_picture(now.line, shown, now.frame++, columns - 2, utf8));
}

/// The lock is held.
void take_away(Screen& now) {
  if (now.shown) (void)write_all(STDERR_FILENO, k_gone);
  now.shown = false;
}

void keep_drawing() {
  auto& now = screen();
  std::unique_lock lock(now.mutex);
  for (;;) {
    now.changed.wait(lock, [&] { return now.shown; });
    now.changed.wait_for(lock, k_frame);
    if (now.shown) draw(now);
  }
}

/// Signals are for the other threads.
void begin_drawing(Screen& now) {
  // A child of a fork has a copy of the lock, whoever held it, and not the thread.
  [[maybe_unused]] static const int once =
      ::pthread_atfork([] { screen().mutex.lock(); }, [] { screen().mutex.unlock(); },
                       [] {
                         screen().shown = screen().drawing = false;
                         screen().mutex.unlock();
                       });
  sigset_t all, before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &before);
  std::thread(keep_drawing).detach();
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  now.drawing = true;
}

}  // namespace

std::string progress_picture(std::string_view line, Millis shown, std::size_t frame,
                             std::size_t columns, bool utf8) {
  const auto share = take_share(line);
  const auto sign = share  ? bar(*share, utf8)
                    : utf8 ? std::string(k_spinner[frame % k_spinner.size()])
                           : std::string(1, k_plain_spinner[frame % k_plain_spinner.size()]);
  const auto age = share || shown < Millis(1000) ? std::string() : to_age(shown) + " ";
  return fit(fmt::format("{} {}{}", sign, age, printable(line, 1000)), columns, utf8 ? "…" : ".");
}

void ProgressLine::show(std::string_view line) {
  auto& now = screen();
  const std::lock_guard lock(now.mutex);
  now.line = line;
  if (!now.shown) now.since = Clock::now();
  now.shown = true;
  draw(now);
  if (!now.drawing) begin_drawing(now);
  now.changed.notify_one();
}

void ProgressLine::clear() { (void)hidden(); }

std::unique_lock<std::mutex> ProgressLine::hidden() {
  std::unique_lock lock(screen().mutex);
  take_away(screen());
  return lock;
}

}  // namespace cdctl::cli
