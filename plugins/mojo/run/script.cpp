#include "plugins/mojo/run/script.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <deque>
#include <filesystem>
#include <set>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

namespace cdctl::mojo {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t k_tail_lines = 20;
constexpr std::size_t k_longest_shown = 400;  // bytes of a line in an error or on a terminal
constexpr std::size_t k_longest_pending =
    1 << 16;  // a line that does not end is written in pieces of this size

/// The output of a script on its way: to the logs, to who watches, and its end to the error.
class ScriptOutput {
 public:
  ScriptOutput(Host& host, const Script& script, const Mask& mask, const LineSink& live)
      : host_(host), script_(script), mask_(mask), live_(live) {}

  Result<> open() {
    for (const auto& path : script_.logs) {
      Fd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
      if (!fd.valid()) return fail(fmt::format("opening {}: {}", path.string(), errno_text(errno)));
      logs_.push_back(std::move(fd));
    }
    if (script_.extra_log.empty()) return {};
    // The caller's own: it can be a link, or a pipe that nobody reads.
    Fd fd(::open(script_.extra_log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK,
                 0600));
    if (fd.valid())
      logs_.push_back(std::move(fd));
    else
      host_.log(Level::warning,
                fmt::format("opening {}: {}", script_.extra_log.string(), errno_text(errno)));
    return {};
  }
  void take(std::string_view chunk) {
    pending_ += chunk;
    if (const auto end = pending_.rfind('\n'); end != std::string::npos) {
      pass(end + 1);
    } else if (pending_.size() > k_longest_pending + mask_.longest()) {
      pending_ =
          mask_.apply(std::move(pending_));  // whole secrets first: the cut could go through one
      if (pending_.size() > mask_.longest())
        pass(pending_.size() - mask_.longest());  // what is kept back can be the first half of one
    }
  }
  void finish() {
    pass(pending_.size());
    if (!lost_.empty())
      host_.log(Level::warning, fmt::format("{}: the log is not complete: {}",
                                            script_.logs.front().string(), lost_));
  }
  std::vector<std::string> tail() const { return {tail_.begin(), tail_.end()}; }

 private:
  void pass(std::size_t length) {
    const auto text = mask_.apply(pending_.substr(0, length));
    pending_.erase(0, length);
    for (const auto& log : logs_) write(log, text);
    for (const auto said : lines(text)) line(said);
  }
  void line(std::string_view text) {
    if (trimmed(text).empty()) return;
    const auto shown = printable(text, k_longest_shown);
    if (live_) live_(shown);
    tail_.push_back(shown);
    if (tail_.size() > k_tail_lines) tail_.pop_front();
  }
  void write(const Fd& fd, std::string_view bytes) {
    if (!write_all(fd.get(), bytes) && lost_.empty()) lost_ = errno_text(errno);
  }

  Host& host_;
  const Script& script_;
  const Mask& mask_;
  const LineSink& live_;
  std::vector<Fd> logs_;
  std::string pending_, lost_;
  std::deque<std::string> tail_;
};

bool marked(const fs::path& process, const std::string& entry) {
  const auto environment = read_file(process / "environ", 4u << 20);
  if (!environment) return false;  // another user's, or gone
  const auto text = '\0' + *environment;
  const auto at = text.find('\0' + entry);
  return at != std::string::npos &&
         (at + entry.size() + 1 == text.size() || text[at + entry.size() + 1] == '\0');
}

/// A zombie has no environment to read, so what is found here is alive.
std::vector<pid_t> find_marked(const std::string& entry) {
  std::vector<pid_t> out;
  std::error_code error;
  for (const auto& process : fs::directory_iterator("/proc", error)) {
    const auto name = process.path().filename().string();
    if (!std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; })) continue;
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (pid != ::getpid() && marked(process.path(), entry)) out.push_back(pid);
  }
  return out;
}

}  // namespace

std::string ScriptEnd::last_words() const {
  std::string out;
  for (auto line = tail.rbegin(); line != tail.rend() && out.size() < k_longest_shown; ++line)
    out = *line + (out.empty() ? "" : " | " + out);
  return out.empty() ? "(none)" : out;
}

Result<ScriptEnd> run_script(Host& host, const Script& script, const Mask& mask,
                             const LineSink& live) {
  ScriptOutput output(host, script, mask, live);
  CDCTL_TRY(output.open());
  Program command;
  command.argv = script.argv;
  command.env = script.env;
  command.unset_env = {"AMQP_URL"};  // only the units get the broker's password
  command.directory = script.directory;
  command.one_stream = true;
  command.max_output = 0;
  command.on_output = [&](std::string_view chunk) { output.take(chunk); };
  command.deadline = script.deadline;
  auto finished = run(command);
  output.finish();
  if (!finished) return fail(finished.error());
  return ScriptEnd{std::move(*finished), output.tail()};
}

Result<> script_result(const ScriptEnd& end, const Script& script) {
  if (end.finished.ok()) return {};
  const auto exit = end.finished.timed_out ? ExitCode::timeout
                    : end.finished.interrupted
                        ? (Stop::signal() == SIGTERM ? ExitCode::terminated : ExitCode::interrupted)
                        : ExitCode::failed;
  return fail(exit, fmt::format("{}; last output: {}; all of it: {}", end.finished.how(),
                                end.last_words(), script.logs.front().string()));
}

Result<int> kill_marked(const std::string& entry, const Deadline& deadline) {
  std::set<pid_t> killed;
  for (;;) {
    const auto found = find_marked(entry);
    if (found.empty()) return static_cast<int>(killed.size());
    if (deadline.passed())
      return fail(
          fmt::format("{} processes that a script left behind do not end, pid {} among them",
                      found.size(), found.front()));
    for (const auto pid : found) {
      ::kill(pid, SIGKILL);
      killed.insert(pid);
    }
    ::poll(nullptr, 0, 5);  // killed is not yet gone; a fork in between is found by the next look
  }
}

}  // namespace cdctl::mojo
