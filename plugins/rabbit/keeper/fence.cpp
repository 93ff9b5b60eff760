#include "plugins/rabbit/keeper/fence.hpp"

#include <cerrno>
#include <csignal>
#include <ctime>
#include <system_error>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace cdctl::rabbit {

namespace {
constexpr unsigned k_to_group = 4;  // PIDFD_SIGNAL_PROCESS_GROUP
}

Millis boot_now() {
  timespec at{};
  ::clock_gettime(CLOCK_BOOTTIME, &at);
  return std::chrono::duration_cast<Millis>(std::chrono::seconds(at.tv_sec) +
                                            std::chrono::nanoseconds(at.tv_nsec));
}

Fence::Fence()
    : timer_(::timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  if (!timer_.valid() || !wake_.valid())  // without it nothing may be guarded
    throw std::system_error(errno, std::generic_category(), "making a timer");
  thread_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

Fence::~Fence() {
  thread_.request_stop();
  (void)!::eventfd_write(wake_.get(), 1);
}

void Fence::arm(Millis until) {
  const std::lock_guard guard(mutex_);
  if (struck_) return;
  until_ = until;
  itimerspec at{};
  at.it_value.tv_sec = until.count() / 1000;
  at.it_value.tv_nsec = until.count() % 1000 * 1'000'000;
  ::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

void Fence::guard(pid_t leader) {
  const std::lock_guard guard(mutex_);
  leader_ = leader;
  process_ = Fd(leader > 0 ? static_cast<int>(::syscall(SYS_pidfd_open, leader, 0)) : -1);
  if (struck_) strike_locked();
}

void Fence::strike() {
  const std::lock_guard guard(mutex_);
  strike_locked();
}

bool Fence::struck() {
  const std::lock_guard guard(mutex_);
  return struck_;
}

void Fence::disarm() {
  const std::lock_guard guard(mutex_);
  struck_ = false;
  until_ = Millis(0);
  const itimerspec never{};
  ::timerfd_settime(timer_.get(), 0, &never, nullptr);
}

/// What a dead leader has started lives on in its group: a shell that its supervisor took with it
/// leaves its command behind. So the group is meant, by the handle of the leader, which names it
/// still when that is gone.
void Fence::strike_locked() {
  struck_ = true;
  if (leader_ <= 0) return;
  const auto tell = [this](int signal, unsigned flags) {
    return process_.valid() &&
           ::syscall(SYS_pidfd_send_signal, process_.get(), signal, nullptr, flags) == 0;
  };
  if (tell(SIGKILL, k_to_group)) return;
  // Before Linux 6.9 by its number, which nobody gets again while somebody is left in the group
  const bool gone = ::kill(leader_, 0) != 0 && errno == ESRCH;
  if (tell(0, 0) || gone) ::kill(-leader_, SIGKILL);
}

void Fence::watch(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd fds[2] = {{timer_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    (void)::poll(fds, 2, -1);
    const std::lock_guard guard(mutex_);
    std::uint64_t times = 0;
    (void)!::read(timer_.get(), &times, sizeof times);
    if (until_ > Millis(0) && boot_now() >= until_) {
      until_ = Millis(0);
      strike_locked();
    }
  }
}

}  // namespace cdctl::rabbit
