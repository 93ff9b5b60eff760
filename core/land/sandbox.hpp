#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <cdctl/child.hpp>
#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace cdctl::land {

/// A command that nobody trusts, in a folder of its own.
struct SandboxJob {
  /// So much of the log is there while it is said; of one that is longer the end comes last.
  static constexpr std::size_t k_log_head = 4u << 20;

  std::string command;               ///< for `sh -c`
  std::vector<std::string> wrapper;  ///< a program and its arguments before that: it isolates then
  std::filesystem::path work;        ///< holds `tree`, where it starts, `home` and `tmp`
  std::filesystem::path log;         ///< what it says; the middle of very much is left out
  std::map<std::string, std::string> environment;  ///< all of it
  std::vector<std::filesystem::path> hidden;       ///< folders and files that it shall find empty
  std::vector<std::string> secrets;                ///< what its log does not show
  Millis limit{}, silence{}, grace{};
  bool network = false;                             ///< it may use it
  std::vector<std::filesystem::path> sockets = {};  ///< of services, which it shall not find
};

struct SandboxResult {
  enum class End { exited, limit, silence, stopped };
  End end = End::exited;
  int status = 0;                      ///< of the shell: 128 and the number of a signal
  std::int64_t bytes = 0;              ///< that it said
  bool disk_full = false;              ///< at its end there was no room left in its folder
  std::vector<std::string> isolation;  ///< what it was kept from: network, home, processes, files
  std::string left;                    ///< what it has started and could not be ended, for people
  Millis took{};
};

/// A command under way. Ends as run_in_sandbox() says.
class Sandbox {
 public:
  [[nodiscard]] static Result<Sandbox> start(const SandboxJob& job);
  /// Readable when there is something to hear.
  [[nodiscard]] int fd() const { return warden_.out.get(); }
  /// Takes what there is to hear, without waiting; true at its end.
  [[nodiscard]] bool hear();
  /// Asks it to end: TERM, the grace, KILL.
  void stop() const;
  /// After its end.
  [[nodiscard]] Result<SandboxResult> result();

 private:
  Child warden_;
  Deadline deadline_;
  std::chrono::steady_clock::time_point begun_;
  std::string said_;
  bool ended_ = false;
};

/// Runs it to its end, and ends all that it has started: TERM, the grace, KILL, also to what has
/// made itself a session of its own, or forks faster than anybody looks; the result names what was
/// left after ten seconds of that. The same happens at either limit, when we are asked to stop,
/// and, without TERM, when we are killed. Where what watches it is killed (no memory is left), all
/// of it ends at once; without namespaces, what has not left its process group.
///
/// It gets /dev/null as its input, the environment of the job and nothing else, and, where the
/// kernel lets us make user namespaces: no network but a loopback of its own, no process but its
/// own, neither the hidden folders nor anybody's /tmp, and nothing else that it could write to; no
/// disk and nobody's terminal among its devices, and none of the kernel's keyrings. In any case it
/// is not in the session keyring of whoever runs it. The result says which of these held. The
/// error is that it could not be run, or its log not be written; exit code `unknown`.
[[nodiscard]] Result<SandboxResult> run_in_sandbox(const SandboxJob& job);

}  // namespace cdctl::land
