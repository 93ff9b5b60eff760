#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/types.h>

#include <cdctl/error.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/time.hpp>

namespace cdctl {

/// A program to be run: an argument vector, never a shell.
struct Program {
  std::vector<std::string> argv;           ///< argv[0] is looked up in PATH when it holds no slash
  std::map<std::string, std::string> env;  ///< added to (and replacing) our own environment
  std::vector<std::string> unset_env;      ///< removed from our own environment
  bool clean_env = false;                  ///< start from an empty environment instead
  std::filesystem::path directory;         ///< working directory; empty = ours
  std::string input;                       ///< given on stdin; stdin is /dev/null when empty
  bool one_stream = false;           ///< stderr goes where stdout goes, each line in its place
  std::size_t max_output = 1 << 20;  ///< bytes kept of each stream; the rest is read and dropped
  /// Called with each chunk of stdout and stderr as it arrives, beside being kept.
  std::function<void(std::string_view)> on_output;
  Deadline deadline;           ///< then TERM, 2 s, KILL to the child's whole session
  bool deadline_only = false;  ///< a stop request does not end it: for what must be said on the way
                               ///< out; keep the deadline short
};

struct Finished {
  int status = 0;  ///< exit status; 0 when a signal ended it
  int signal = 0;  ///< the signal that ended it, or 0
  bool timed_out = false;
  std::string given;         ///< where it timed out: how long it had, see Deadline::given()
  bool interrupted = false;  ///< we were asked to stop, and stopped it
  std::string out, err;
  Millis wall{}, cpu{};
  [[nodiscard]] bool ok() const { return status == 0 && signal == 0 && !timed_out && !interrupted; }
  /// `exit status 3`, `signal 9`, `deadline passed after 10s`: for an error line.
  [[nodiscard]] std::string how() const;
};

/// Runs `program` in a session of its own and waits for it. The error is that it could not be
/// started. A SIGINT or SIGTERM to us (Stop::requested) ends it.
[[nodiscard]] Result<Finished> run(const Program& program);

/// The full path of `program` in PATH, if there.
[[nodiscard]] std::optional<std::filesystem::path> find_program(std::string_view program);

/// Where a child's streams go.
enum class Stream { null, pipe, ours };

/// A child process in a session of its own, with our ends of its pipes. Nobody waits for it unless
/// asked to: see leave().
class Child {
 public:
  struct Streams {
    Stream in = Stream::null, out = Stream::pipe, err = Stream::pipe;
    bool err_with_out = false;  ///< stderr goes where stdout goes
  };
  Child() = default;
  /// Starts `program`; its input, output bounds and deadline are for run() alone. The error is that
  /// it could not be started.
  [[nodiscard]] static Result<Child> start(const Program& program, Streams streams);
  /// A copy of this process that runs `work` with the write end of a pipe, whose other end is
  /// out(), and then ends. Of its own streams only that is left to it: stdin, stdout and stderr are
  /// the null device. For a process without other threads. `lifetime`: the longest that it can
  /// live, in whole seconds.
  [[nodiscard]] static Result<Child> fork(const std::function<void(int fd)>& work, Millis lifetime);
  Child(Child&& other) noexcept { *this = std::move(other); }
  Child& operator=(Child&& other) noexcept;
  /// Lets go of it, as leave() does.
  ~Child() { leave(); }

  [[nodiscard]] bool running() const { return pid_ > 0; }
  [[nodiscard]] pid_t pid() const { return pid_; }
  /// Our ends; invalid where its stream is not a pipe. Reset one to close it.
  Fd in, out, err;
  /// A pidfd, readable once it has ended; -1 on a kernel without them.
  [[nodiscard]] int ended() const { return ended_.get(); }

  /// Its wait status, once it has ended; empty when it is still there at the deadline.
  [[nodiscard]] std::optional<int> wait(const Deadline& deadline, struct rusage* usage = nullptr);
  /// A signal to its whole session.
  void kill(int signal) const;
  /// TERM to its session, `grace`, KILL, and waits for its end, 10 s at most. Gives its wait
  /// status.
  int end(Millis grace, struct rusage* usage = nullptr);
  /// Closes our ends and lets it go on. Once it has ended, what is left of it goes with the next
  /// one that is started or let go.
  void leave();

 private:
  pid_t pid_ = -1;
  Fd ended_;
};

/// A wait status as an exit status: 128 and the signal's number where one ended it.
[[nodiscard]] int exit_status(int wait_status);

}  // namespace cdctl
