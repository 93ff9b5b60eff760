#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <cdctl/error.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// A child process: an argument vector, never a shell.
struct Command {
  std::vector<std::string> argv;             ///< argv[0] is looked up in PATH when it holds no slash
  std::map<std::string, std::string> env;    ///< added to (and replacing) our own environment
  std::vector<std::string> unset_env;        ///< removed from our own environment
  bool clean_env = false;                    ///< start from an empty environment instead
  std::filesystem::path directory;           ///< working directory; empty = ours
  std::string input;                         ///< given on stdin; stdin is /dev/null when empty
  bool one_stream = false;                   ///< stderr goes where stdout goes, each line in its place
  std::size_t max_output = 1 << 20;          ///< bytes kept of each stream; the rest is read and dropped
  /// Called with each chunk of stdout and stderr as it arrives, beside being kept.
  std::function<void(std::string_view)> on_output;
  Deadline deadline;                         ///< then TERM, 2 s, KILL to the child's whole session
  bool deadline_only = false;                ///< a stop request does not end it: for what must be said on the way out; keep the deadline short
};

struct Finished {
  int status = 0;    ///< exit status; 0 when a signal ended it
  int signal = 0;    ///< the signal that ended it, or 0
  bool timed_out = false;
  bool interrupted = false;  ///< we were asked to stop, and stopped it
  std::string out, err;
  Millis wall{}, cpu{};
  [[nodiscard]] bool ok() const { return status == 0 && signal == 0 && !timed_out && !interrupted; }
  /// `exit status 3`, `signal 9`, `deadline passed after 10s`: for an error line.
  [[nodiscard]] std::string how() const;
};

/// Runs `command` in a session of its own and waits for it. The error is that it could not be started.
/// A SIGINT or SIGTERM to us (Stop::requested) ends it.
[[nodiscard]] Result<Finished> run(const Command& command);

/// The full path of `program` in PATH, if there.
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view program);

/// Whether SIGINT or SIGTERM asked us to stop. The front end installs the handlers; anyone may look. Safe in any thread.
class Stop {
 public:
  [[nodiscard]] static bool requested() { return signal() != 0; }
  [[nodiscard]] static int signal();
  /// A descriptor that is readable once a stop was requested: poll it beside your own. -1 before install().
  [[nodiscard]] static int fd();
  /// Installs the handlers for this process: the first signal is noted, the second leaves at once.
  static void install();
};

/// A step boundary for the crash tests: when $CDCTL_TEST_CRASH_AT is `name`, the process ends itself with SIGKILL;
/// `name:2` means the second time. Does nothing otherwise (docs/testing.md).
void crash_point(std::string_view name);

}  // namespace cdctl
