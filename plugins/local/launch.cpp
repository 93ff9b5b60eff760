#include "plugins/local/launch.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/roles.hpp>
#include <cdctl/text.hpp>

namespace cdctl::local {

namespace {

constexpr Millis k_last_wait(5000);

/// The supervisor, or systemd-run before it, with what they need of our environment. The units get
/// theirs from the file `run`.
constexpr std::size_t k_most_heard = 64u << 10;

Program program_of(std::vector<std::string> argv) {
  Program out;
  out.argv = std::move(argv);
  out.clean_env = true;
  for (const char* name :
       {"PATH", "LANG", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS", "CDCTL_TEST_NO_CGROUP"})
    if (const char* value = std::getenv(name)) out.env.emplace(name, value);
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
    if (got <= 0 || heard.size() > k_most_heard) return heard;
    heard.append(buffer, static_cast<std::size_t>(got));
    if (heard.ends_with('\n') && (heard.starts_with("ok\n") || heard.starts_with("error: ")))
      return heard;
  }
  return {};
}

/// What there is to warn of, mostly nothing. Exit code `unknown`: it never became our supervisor,
/// another way of starting it may do.
Result<std::string> launch_once(std::vector<std::string> argv, const Deadline& deadline) {
  CDCTL_TRY_ASSIGN(auto child, Child::start(program_of(std::move(argv)), {.err_with_out = true}));
  const auto heard = hear(child.out, deadline);
  if (heard)
    (void)child.wait(
        Deadline(k_last_wait));  // the supervisor has left it behind, it ends by itself
  else
    child.end(Millis(0));
  if (!heard)
    return fail(ExitCode::timeout,
                "the supervisor did not say within " + deadline.given() + " that it has started");
  if (heard->starts_with("ok\n")) return printable(trimmed(heard->substr(3)), 500);
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
  const auto warn = [&](const std::string& warning) -> Result<> {
    if (!warning.empty())
      host.log(Level::warning, fmt::format("{}: {}", paths.folder.filename().string(), warning));
    return {};
  };
  if (!scope.empty()) {
    auto scoped = scope;
    scoped.insert(scoped.end(), words.begin(), words.end());
    // Half of the time at most, so that the plain way has a chance
    auto done = launch_once(std::move(scoped),
                            deadline.at_most(std::min(Millis(5000), deadline.left() / 2)));
    if (done) return warn(*done);
    if (done.error().exit == ExitCode::failed) return fail(done.error().in(context));
    host.log(Level::warning,
             fmt::format("{}: no systemd scope ({}); it ends when this service or login ends",
                         context, done.error().what));
  }
  auto done = launch_once(words, deadline);
  if (done) return warn(*done);
  auto error = done.error().in(context);
  if (error.exit == ExitCode::unknown) error.exit = ExitCode::failed;
  return fail(std::move(error));
}

}  // namespace cdctl::local
