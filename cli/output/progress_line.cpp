#include "cli/output/progress_line.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
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
constexpr int k_wait_ms = 100;  ///< for a terminal that is slow, or stopped
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

/// What is drawn, and by whom. Never destroyed: its thread may outlive everything else. The lock is
/// held for moments only: whoever writes to a terminal and waits for it does so without.
struct Screen {
  std::mutex mutex;
  std::condition_variable changed;
  std::string line;
  Clock::time_point since;
  std::size_t frame = 0, hidden = 0;
  int terminal = -1;     ///< stderr once more, by an opening of our own that waits for nothing
  bool shown = false;    ///< it is to be drawn
  bool there = false;    ///< something of it may be on the terminal
  bool drawing = false;  ///< the thread is there
};

Screen& screen() {
  static auto* const made = new Screen;
  return *made;
}

/// All of it at once, or as much as the terminal takes. False: it did not take all. The lock is
/// held.
bool offer(Screen& now, std::string_view bytes) {
  if (now.terminal < 0)
    now.terminal = ::open(fmt::format("/proc/self/fd/{}", STDERR_FILENO).c_str(),
                          O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (now.terminal >= 0)
    return ::write(now.terminal, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
  pollfd room{STDERR_FILENO, POLLOUT, 0};  // somebody else's terminal, after su
  return ::poll(&room, 1, 0) == 1 && write_all(STDERR_FILENO, bytes);
}

/// The lock is held.
void draw(Screen& now) {
  if (now.hidden > 0) return;
  struct winsize size{};
  const std::size_t columns =
      ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 10 ? size.ws_col : 80;
  const auto shown = std::chrono::duration_cast<Millis>(Clock::now() - now.since);
  static const bool utf8 = screen_knows_utf8();
  now.there = true;
  (void)offer(
      now, std::string(k_gone) + progress_picture(now.line, shown, now.frame++, columns - 2, utf8));
}

/// False: the terminal did not take that. The lock is held.
bool take_away(Screen& now) {
  now.shown = false;
  now.there = now.there && !offer(now, k_gone);
  return !now.there;
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

/// Of a child: the thread is not there, and the terminal may outlive it no longer than it must.
void begin_child() {
  auto& now = screen();
  if (now.terminal >= 0) ::close(now.terminal);
  now.terminal = -1;
  now.shown = now.there = now.drawing = false;
  now.hidden = 0;
  now.mutex.unlock();
}

/// Signals are for the other threads.
void begin_drawing(Screen& now) {
  // A child of a fork has a copy of the lock, whoever held it.
  [[maybe_unused]] static const int once =
      ::pthread_atfork([] { screen().mutex.lock(); }, [] { screen().mutex.unlock(); }, begin_child);
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

void ProgressLine::clear() {
  auto& now = screen();
  const auto gone = [&] {
    const std::lock_guard lock(now.mutex);
    return take_away(now);
  };
  if (gone()) return;
  pollfd room{STDERR_FILENO, POLLOUT, 0};
  ::poll(&room, 1, k_wait_ms);
  if (gone() || !::isatty(STDOUT_FILENO)) return;
  // What comes next goes there, too, and would stand behind it.
  const Hidden hidden;
  (void)write_all(STDERR_FILENO, hidden.first());
}

ProgressLine::Hidden::Hidden() {
  auto& now = screen();
  const std::lock_guard lock(now.mutex);
  ++now.hidden;
  if (!take_away(now)) first_ = k_gone;
  now.there = false;
}

ProgressLine::Hidden::~Hidden() {
  auto& now = screen();
  const std::lock_guard lock(now.mutex);
  if (now.hidden > 0) --now.hidden;  // a child begins without
}

}  // namespace cdctl::cli
