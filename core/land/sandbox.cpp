#include "core/land/sandbox.hpp"

#include <algorithm>
#include <charconv>
#include <csignal>
#include <cstring>
#include <functional>
#include <set>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/json.hpp>
#include <cdctl/stop.hpp>
#include <cdctl/text.hpp>

#include "core/land/isolation.hpp"
#include "core/land/keyrings.hpp"
#include "core/land/secrets.hpp"

namespace cdctl::land {

namespace fs = std::filesystem;

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t k_head = SandboxJob::k_log_head,
                      k_tail = 1u << 20;  ///< of a log that is too long
constexpr std::size_t k_least_space = 64u << 10;
constexpr Millis k_look(50);      ///< how often what cannot be waited for is looked at
constexpr Millis k_stalled(300);  ///< so late with a look, we stood still ourselves
constexpr Millis k_last(10'000);  ///< for the end of what was killed
constexpr Millis k_last_of_group(2000);

/// A file of bounded size: the beginning, and the last that was said.
class BoundedLog {
 public:
  BoundedLog(const fs::path& path, std::vector<std::string> secrets)
      : mask_(std::move(secrets)),
        file_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)) {
    failed_ = !file_.valid();
  }
  void add(std::string_view said) {
    bytes_ += static_cast<std::int64_t>(said.size());
    keep(mask_.add(said));
  }
  void finish() {
    keep(mask_.rest());
    const auto left = std::min(tail_.size(), k_tail);
    const auto out = shown_ - static_cast<std::int64_t>(written_ + left);
    if (out > 0) put(fmt::format("\n[cdctl: {} bytes are left out here]\n", out));
    put(std::string_view(tail_).substr(tail_.size() - left));
  }
  [[nodiscard]] std::int64_t bytes() const { return bytes_; }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  void keep(std::string_view text) {
    shown_ += static_cast<std::int64_t>(text.size());
    if (written_ < k_head) {
      const auto part = text.substr(0, k_head - written_);
      put(part);
      written_ += part.size();
      text.remove_prefix(part.size());
    }
    tail_.append(text);
    if (tail_.size() > 2 * k_tail) tail_.erase(0, tail_.size() - k_tail);
  }
  void put(std::string_view text) { failed_ = failed_ || !write_all(file_.get(), text); }

  Mask mask_;
  Fd file_;
  std::int64_t bytes_ = 0;  ///< that were said
  std::int64_t shown_ = 0;  ///< of them without secrets
  std::size_t written_ = 0;
  std::string tail_;
  bool failed_ = false;
};

/// All that has come from us, by /proc: we are the reaper of those whose parents have gone.
std::set<pid_t> descendants() {
  std::map<pid_t, pid_t> parents;
  std::error_code error;
  for (fs::directory_iterator at("/proc", error), end; !error && at != end; at.increment(error)) {
    const auto name = at->path().filename().string();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr !=
        name.data() + name.size())
      continue;
    const auto stat = read_file(at->path() / "stat", 1 << 16);
    if (!stat) continue;
    const auto rest = words(std::string_view(*stat).substr(stat->rfind(')') + 1));
    pid_t parent = 0;
    if (rest.size() > 1 && rest[0] != "Z")
      std::from_chars(rest[1].data(), rest[1].data() + rest[1].size(), parent);
    parents[pid] = parent;
  }
  std::set<pid_t> out;
  for (const auto& [pid, first] : parents) {
    auto at = first;
    for (std::size_t steps = 0; at > 1 && at != ::getpid() && steps < parents.size(); ++steps)
      at = parents.contains(at) ? parents[at] : 0;
    if (at == ::getpid() && first != 0) out.insert(pid);
  }
  return out;
}

void signal_all(int number) {
  for (const auto pid : descendants()) ::kill(pid, number);
}

void reap_strays(pid_t but) {
  for (;;) {  // the one that is waited for keeps its status
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0 ||
        info.si_pid == but)
      return;
    ::waitpid(info.si_pid, nullptr, WNOHANG);
  }
}

/// Our children, those that have ended included: what is theirs and outlives them is among them.
std::vector<pid_t> children() {
  std::vector<pid_t> out;
  const auto text = read_file(fmt::format("/proc/self/task/{}/children", ::getpid()), 1u << 20);
  if (!text) {  // a kernel without it
    const auto all = descendants();
    return {all.begin(), all.end()};
  }
  for (const auto word : words(*text)) {
    pid_t pid = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), pid).ec == std::errc())
      out.push_back(pid);
  }
  return out;
}

/// Some of those that are left, for people: `chain (pid 4711)`.
std::string names_of(const std::vector<pid_t>& pids) {
  std::vector<std::string> out;
  for (const auto pid : pids) {
    if (out.size() == 3) {
      out.emplace_back("...");
      break;
    }
    const auto name = read_file(fmt::format("/proc/{}/comm", pid), 256);
    out.push_back(
        fmt::format("{} (pid {})", name ? printable(trimmed(*name), 40) : "a process", pid));
  }
  return out.empty() ? "a process that forks all the time" : joined(out);
}

/// Until none is left; gives what is, after a time. That nobody was seen proves nothing, for what
/// forks and ends is never where we look. That we have no child does: whoever loses a parent
/// becomes ours. Until we wait for it even one that has ended keeps its group's number, and a whole
/// group is killed at once, so that none of it can fork meanwhile.
std::string kill_all() {
  const auto until = Clock::now() + k_last;
  std::vector<pid_t> before;
  for (;;) {
    auto left = children();
    for (const auto pid : left) {
      const auto group = ::getpgid(pid);
      if (group > 1 && group != ::getpgrp()) ::kill(-group, SIGKILL);
      ::kill(pid, SIGKILL);
    }
    pid_t ended = 0;
    do {
      ended = ::waitpid(-1, nullptr, WNOHANG);
    } while (ended > 0 || (ended < 0 && errno == EINTR));
    if (ended < 0) return {};
    if (Clock::now() >= until) return names_of(left);
    if (left == before) ::poll(nullptr, 0, 5);  // they take their time; who forks is hunted
    before = std::move(left);
  }
}

volatile std::sig_atomic_t asked_to_stop = 0;
extern "C" void note_stop(int) { asked_to_stop = 1; }

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// A test that forks without an end meets one. Counted by user, and by namespace where the kernel
/// does; root is not counted.
void limit_processes() {
  constexpr rlim_t k_most = 16384;
  struct rlimit limit{};
  if (::getrlimit(RLIMIT_NPROC, &limit) != 0 || limit.rlim_max <= k_most) return;
  limit.rlim_max = k_most;
  limit.rlim_cur = std::min(limit.rlim_cur, k_most);
  (void)::setrlimit(RLIMIT_NPROC, &limit);
}

/// The first of all processes of a command looks after its orphans, and takes no signal from them
/// that it does not ask for. It is visible to them, and so it is a shell, a program of its own with
/// the environment of the job, and not a copy of us with all that we know.
constexpr const char* k_first_process = R"("$@"; exit $?)";

/// What becomes of the command's process. It ends with the warden, whatever ends that.
[[noreturn]] void become(const SandboxJob& job, pid_t warden, bool isolated, int out, int told) {
  ::setsid();
  (void)::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  if (::getppid() != warden) ::_exit(126);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD, SIGQUIT, SIGALRM})
    std::signal(number, SIG_DFL);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (::dup2(null, 0) < 0 || ::dup2(out, 1) < 0 || ::dup2(out, 2) < 0) ::_exit(126);
  // What stays of us outside the namespaces must not hold open what the warden's end is seen by.
  (void)::close_range(3, static_cast<unsigned>(told) - 1, 0);
  (void)::close_range(static_cast<unsigned>(told) + 1, ~0U, 0);
  const struct rlimit no_core{0, 0};
  (void)::setrlimit(RLIMIT_CORE, &no_core);
  limit_processes();
  std::string kept_from;
  (void)leave_session_keyring();
  if (isolated) kept_from = joined(isolate(job), " ");
  if (kept_from.empty() && job.wrapper.empty()) give_up_looking_into_others();
  (void)write_all(told, kept_from + "\n");
  auto argv = job.wrapper;
  if (::getpid() == 1) argv = {"/bin/sh", "-c", k_first_process, "sh"};
  argv.insert(argv.end(), {"/bin/sh", "-c", job.command});
  std::vector<std::string> env;
  for (const auto& [name, value] : job.environment) env.push_back(name + "=" + value);
  (void)::close_range(3, ~0U, 0);
  if (::chdir((job.work / "tree").c_str()) != 0) ::_exit(126);
  const auto path = job.environment.find("PATH");  // where a wrapper without a slash is looked for
  if (path != job.environment.end()) (void)::setenv("PATH", path->second.c_str(), 1);
  ::execvpe(argv.front().c_str(), pointers(argv).data(), pointers(env).data());
  ::_exit(127);
}

/// Looks after one command to its end. In a process of its own: what the command leaves behind
/// becomes our child, and of nobody else's.
class Warden {
 public:
  Warden(const SandboxJob& job, int parent)
      : job_(job), parent_(parent), log_(job.log, job.secrets) {}

  Json run() {
    (void)::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    std::signal(SIGTERM, note_stop);
    std::signal(SIGINT, note_stop);
    if (!start())
      return Json::object({{"trouble", fmt::format("starting it: {}", errno_text(errno))}});
    watch();
    const bool full = disk_is_full();
    const auto left = kill_all();
    while (drain()) {
    }
    log_.finish();
    auto out = Json::object({{"end", end_},
                             {"status", status_},
                             {"bytes", log_.bytes()},
                             {"disk_full", full},
                             {"left", left},
                             {"isolation", kept_from()}});
    if (log_.failed()) out.set("trouble", "its log could not be written: is the disk full?");
    return out;
  }

 private:
  bool start() {
    int out[2], told[2];
    if (::pipe2(out, O_CLOEXEC) != 0 || ::pipe2(told, O_CLOEXEC) != 0) return false;
    const bool isolated = job_.wrapper.empty() && can_isolate();
    const auto warden = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(job_, warden, isolated, out[1], told[1]);
    ::close(out[1]);
    ::close(told[1]);
    out_ = Fd(out[0]);
    told_ = Fd(told[0]);
    ::fcntl(out_.get(), F_SETFL, O_NONBLOCK);
    // Who waits for us ends it where we cannot any more.
    return pid_ > 0 && write_all(parent_, fmt::format("{}\n", pid_));
  }

  void watch() {
    begun_ = heard_ = Clock::now();
    for (auto looked = begun_;;) {
      struct pollfd fds[2] = {{out_.get(), POLLIN, 0}, {parent_, 0, 0}};
      (void)::poll(fds, 2, static_cast<int>(k_look.count()));
      // A machine that is out of breath, or a disk that does not take our log: what stood still
      // then is not the command's silence.
      const auto now = Clock::now();
      if (now - looked > k_stalled) heard_ += now - looked;
      looked = now;
      if ((fds[1].revents & (POLLERR | POLLHUP)) != 0) return;  // nobody waits for us any more
      if (drain()) heard_ = Clock::now();
      int status = 0;
      if (::waitpid(pid_, &status, WNOHANG) == pid_) {
        status_ = exit_status(status);
        return;
      }
      reap_strays(pid_);
      if (end_ == "exited") note_limit();
      if (end_ != "exited" && Clock::now() >= kill_at_) return;
    }
  }

  /// The first limit that has passed; TERM then, and KILL after the grace.
  void note_limit() {
    const auto now = Clock::now();
    if (asked_to_stop != 0)
      end_ = "stopped";
    else if (now - begun_ >= job_.limit)
      end_ = "limit";
    else if (now - heard_ >= job_.silence)
      end_ = "silence";
    else
      return;
    kill_at_ = now + job_.grace;
    signal_all(SIGTERM);
  }

  bool drain() {
    char buffer[1 << 16];
    bool any = false;
    for (int piece = 0; piece < 64; ++piece) {  // who says more is heard again after a look round
      const auto got = out_.valid() ? ::read(out_.get(), buffer, sizeof buffer) : -1;
      if (got <= 0) return any;
      log_.add({buffer, static_cast<std::size_t>(got)});
      any = true;
    }
    return any;
  }

  /// What fails where nothing can be written has not failed by itself.
  bool disk_is_full() const {
    struct statvfs info{};
    if (::statvfs(job_.work.c_str(), &info) != 0) return false;
    return info.f_bavail * info.f_frsize < k_least_space ||
           (info.f_files > 0 && info.f_favail == 0);
  }

  Json kept_from() {
    char buffer[256];
    const auto got = ::read(told_.get(), buffer, sizeof buffer);
    auto out = Json::array();
    if (got > 0)
      for (const auto word : words(trimmed({buffer, static_cast<std::size_t>(got)})))
        out.push_back(word);
    return out;
  }

  const SandboxJob& job_;
  int parent_;
  BoundedLog log_;
  pid_t pid_ = -1;
  Fd out_, told_;
  std::string end_ = "exited";
  int status_ = 128 + SIGKILL;
  Clock::time_point begun_{}, heard_{}, kill_at_{};
};

/// Ends what a warden that was killed has left in the command's group, and waits for that.
void end_group(std::string_view number) {
  pid_t group = 0;
  std::from_chars(number.data(), number.data() + number.size(), group);
  const auto until = Clock::now() + k_last_of_group;
  while (group > 1 && ::kill(-group, SIGKILL) == 0 && Clock::now() < until) ::poll(nullptr, 0, 10);
}

SandboxResult::End end_of(std::string_view word) {
  using enum SandboxResult::End;
  if (word == "limit") return limit;
  if (word == "silence") return silence;
  return word == "stopped" ? stopped : exited;
}

}  // namespace

Result<Sandbox> Sandbox::start(const SandboxJob& job) {
  Sandbox out;
  const auto longest = job.limit + job.grace + 3 * k_last;
  out.begun_ = Clock::now();
  out.deadline_ = Deadline(longest);
  keep_memory_private();  // from what it runs, where that is among our processes; its warden, too
  CDCTL_TRY_ASSIGN(out.warden_, Child::fork(
                                    [&](int fd) {
                                      // Neither locks nor the pipes of other wardens are its own.
                                      (void)::close_range(3, static_cast<unsigned>(fd) - 1, 0);
                                      (void)::close_range(static_cast<unsigned>(fd) + 1, ~0U, 0);
                                      const auto said = Warden(job, fd).run().dump();
                                      (void)write_all(fd, said);
                                    },
                                    longest));
  ::fcntl(out.warden_.out.get(), F_SETFL, O_NONBLOCK);
  return out;
}

bool Sandbox::hear() {
  while (!ended_) {
    char buffer[4096];
    const auto got = ::read(warden_.out.get(), buffer, sizeof buffer);
    if (got > 0) said_.append(buffer, static_cast<std::size_t>(got));
    if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN)) ended_ = true;
    if (got < 0 && errno == EAGAIN) break;
  }
  return ended_ = ended_ || deadline_.passed();
}

void Sandbox::stop() const { warden_.kill(SIGTERM); }

Result<SandboxResult> Sandbox::result() {
  (void)warden_.end(Millis(0));
  std::string_view said = said_;
  const auto group = said.starts_with('{') ? std::string_view() : take_until(said, '\n');
  const auto json = Json::parse(said);
  if (!json) {
    end_group(group);
    return fail(ExitCode::unknown, "running the command: what watched it ended before it");
  }
  if (const auto trouble = (*json)["trouble"].view(); !trouble.empty())
    return fail(ExitCode::unknown, fmt::format("running the command: {}", trouble));
  SandboxResult out;
  out.end = end_of((*json)["end"].view());
  out.status = static_cast<int>((*json)["status"].as_int());
  out.bytes = (*json)["bytes"].as_int();
  out.disk_full = (*json)["disk_full"].as_bool();
  out.left = (*json)["left"].as_string();
  for (const auto& one : (*json)["isolation"].items()) out.isolation.push_back(one.as_string());
  out.took = std::chrono::ceil<Millis>(Clock::now() - begun_);
  return out;
}

Result<SandboxResult> run_in_sandbox(const SandboxJob& job) {
  CDCTL_TRY_ASSIGN(auto sandbox, Sandbox::start(job));
  bool told = false;
  while (!sandbox.hear()) {
    struct pollfd fds[2] = {{sandbox.fd(), POLLIN, 0}, {told ? -1 : Stop::fd(), POLLIN, 0}};
    (void)::poll(fds, 2, 1000);
    if (Stop::requested() && !std::exchange(told, true)) sandbox.stop();
  }
  return sandbox.result();
}

}  // namespace cdctl::land
