#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/fs.hpp>

#include "plugins/local/supervise/log_file.hpp"

namespace cdctl::local {

struct UnitSetting;

/// The keeper of a unit (singleton.hpp): the program beside it that knows whose turn it is. While
/// none runs, or it has not said `yours`, the unit must not run.
class KeeperLine {
 public:
  using Steady = std::chrono::steady_clock::time_point;
  enum class Said { yours, asked, lost };

  explicit KeeperLine(std::vector<std::string> argv) : argv_(std::move(argv)) {}

  /// Starts it, with the environment and in the cgroup of its unit.
  [[nodiscard]] Result<> start(const UnitSetting& setting);
  /// Notes it if the process that has ended is ours.
  bool ended(pid_t pid);
  /// What it has said, in order; `lost` as well when it has ended. Notes go to the log.
  [[nodiscard]] std::vector<Said> hear(LogFile& log);
  /// The leader of its process group; 0 once nothing of that is left. Said once.
  void guard(pid_t leader);
  /// Nothing of the unit runs: it lets go, and waits for its turn again.
  void free();
  /// Nothing of the unit runs, and nothing shall: it lets go, and ends.
  void end();

  [[nodiscard]] bool running() const { return read_end_.valid(); }
  [[nodiscard]] bool holds() const { return holds_; }
  [[nodiscard]] int output() const { return read_end_.get(); }

  /// It is gone, or about to go, and what it said holds no more.
  void drop();

  Steady next_start{};    ///< not before, of one that has ended
  bool yielding = false;  ///< a newer set has asked: the unit is being stopped for it

 private:
  void tell(std::string_view line);
  std::vector<std::string> argv_;
  Fd read_end_;
  std::string heard_;
  Steady started_{};
  std::chrono::milliseconds pause_{0};  ///< before it is started again
  bool holds_ = false;
  pid_t pid_ = 0, guarded_ = 0;
};

}  // namespace cdctl::local
