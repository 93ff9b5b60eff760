#include "plugins/local/launch.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/text.hpp>

namespace cdctl::local {

namespace {

/// What the supervisor needs of our environment, and systemd-run before it. The units get theirs
/// from the file `run`.
std::vector<std::string> small_environment() {
  std::vector<std::string> out;
  for (const char* name :
       {"PATH", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "CDCTL_TEST_NO_CGROUP"}) {
    if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (auto& text : strings) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// Our own child, not yet waited for.
struct Started {
  pid_t pid = -1;
  Fd words;
};

Result<Started> spawn(std::vector<std::string> argv) {
  const auto program = find_program(argv[0]);
  if (!program) return fail(fmt::format("starting {}: not found", printable(argv[0])));
  int fds[2];
  if (::pipe2(fds, O_CLOEXEC) != 0)
    return fail(fmt::format("making a pipe: {}", errno_text(errno)));
  Started out{-1, Fd(fds[0])};
  const Fd write_end(fds[1]);
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 1);
  posix_spawn_file_actions_adddup2(&actions, write_end.get(), 2);
  posix_spawn_file_actions_addclosefrom_np(&actions, 3);
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int number : {SIGINT, SIGTERM, SIGPIPE, SIGHUP, SIGCHLD, SIGQUIT})
    sigaddset(&defaults, number);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setflags(&attributes,
                           POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  auto env = small_environment();
  const int error = ::posix_spawn(&out.pid, program->c_str(), &actions, &attributes,
                                  pointers(argv).data(), pointers(env).data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return fail(fmt::format("starting {}: {}", program->string(), errno_text(error)));
  return out;
}

/// The first line that says how it went (`ok`, `error: …`), or all that was said before the end.
/// Empty at the deadline.
std::optional<std::string> hear(const Fd& words, const Deadline& deadline) {
  std::string heard;
  while (!deadline.passed()) {
    struct pollfd ready{words.get(), POLLIN, 0};
    if (::poll(&ready, 1, static_cast<int>(deadline.left().count())) <= 0) continue;
    char buffer[1024];
    const auto got = ::read(words.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return heard;
    heard.append(buffer, static_cast<std::size_t>(got));
    if (heard.ends_with('\n') && (heard.starts_with("ok\n") || heard.starts_with("error: ")))
      return heard;
  }
  return {};
}

/// Exit code `unknown`: it never became our supervisor, another way of starting it may do.
Result<> launch_once(std::vector<std::string> argv, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(const auto child, spawn(std::move(argv)));
  const auto heard = hear(child.words, deadline);
  if (!heard) ::kill(child.pid, SIGKILL);  // ours and not waited for, so it is still this one
  ::waitpid(child.pid, nullptr, 0);        // the supervisor has left it behind, it ends by itself
  if (!heard)
    return fail(ExitCode::timeout, "the supervisor did not say in time that it has started");
  if (heard->starts_with("ok\n")) return {};
  if (heard->starts_with("error: "))
    return fail(printable(heard->substr(7, heard->find('\n') - 7), 500));
  return fail(ExitCode::unknown,
              heard->empty() ? "it ended without a word" : printable(*heard, 300));
}

}  // namespace

std::vector<std::string> scope_words(bool systemd, bool root) {
  if (!systemd || !find_program("systemd-run")) return {};
  std::vector<std::string> out{"systemd-run", "--scope", "--quiet",
                               "--collect",   "-p",      "Delegate=yes"};
  if (!root) out.emplace_back("--user");
  out.emplace_back("--");
  return out;
}

bool systemd_runs() { return ::access("/run/systemd/system", F_OK) == 0; }

Result<> launch(Host& host, const SetPaths& paths, const std::vector<std::string>& scope,
                const Deadline& deadline) {
  const auto program = host.libexec() / "cdctl-supervise";
  const std::vector<std::string> words{program.string(), paths.folder.string()};
  const auto context =
      fmt::format("starting the supervisor of {}", paths.folder.filename().string());
  if (!scope.empty()) {
    auto scoped = scope;
    scoped.insert(scoped.end(), words.begin(), words.end());
    // Half of the time at most, so that the plain way has a chance
    auto done = launch_once(std::move(scoped),
                            deadline.at_most(std::min(Millis(5000), deadline.left() / 2)));
    if (done || done.error().exit == ExitCode::failed)
      return done ? done : fail(done.error().in(context));
    host.log(Level::warning,
             fmt::format("{}: no systemd scope ({}); it ends when this service or login ends",
                         context, done.error().what));
  }
  auto done = launch_once(words, deadline);
  if (done) return done;
  auto error = done.error().in(context);
  if (error.exit == ExitCode::unknown) error.exit = ExitCode::failed;
  return fail(std::move(error));
}

}  // namespace cdctl::local
