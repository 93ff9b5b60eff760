#pragma once

#include <sys/types.h>

#include <mutex>
#include <thread>

#include <cdctl/fs.hpp>
#include <cdctl/time.hpp>

namespace cdctl::rabbit {

/// Since the machine was started, the time in which it slept included: a steady clock would take a
/// suspended machine's word for it that no time has gone by.
[[nodiscard]] Millis boot_now();

/// Kills a process group when a moment comes that is not put off. A thread of its own, so that
/// nothing else that its owner waits for can make it late.
class Fence {
 public:
  Fence();
  Fence(const Fence&) = delete;
  Fence& operator=(const Fence&) = delete;
  ~Fence();

  /// Strikes at `until`, by boot_now(). Said again it is put off; once it has struck it is not.
  void arm(Millis until);
  /// Whom it is to kill: a leader of its process group; 0 = nobody. One that comes too late is
  /// killed at once.
  void guard(pid_t leader);
  void strike();
  [[nodiscard]] bool struck();
  /// As new.
  void disarm();

 private:
  void watch(const std::stop_token& stop);
  void strike_locked();

  std::mutex mutex_;
  Millis until_{0};  // 0 = never; guarded by mutex_, as the next three
  bool struck_ = false;
  pid_t leader_ = 0;
  Fd process_;  ///< of the leader: its number may be somebody else's by then
  Fd timer_, wake_;
  std::jthread thread_;  // last: it uses the others
};

}  // namespace cdctl::rabbit
