#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <cdctl/child.hpp>
#include <cdctl/secret.hpp>

#include "tests/support/show_result.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using cdctl::test::TempDir;

namespace {

using Clock = std::chrono::steady_clock;

Program shell(std::string script, Millis most = Millis(20'000)) {
  Program program;
  program.argv = {"/bin/sh", "-c", std::move(script)};
  program.deadline = Deadline(most);
  return program;
}

Child started(const Program& program, Child::Streams streams = {}) {
  auto child = Child::start(program, streams);
  if (!child) FAIL(child.error().what);
  return std::move(*child);
}

std::string read_to_end(const Fd& fd) {
  std::string out;
  char buffer[4096];
  for (ssize_t got = 0; (got = ::read(fd.get(), buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(got));
  return out;
}

/// Whether it is there and has not ended: nobody may have waited for what lost its parent.
bool alive(pid_t pid) {
  const auto text = read_file("/proc/" + std::to_string(pid) + "/stat");
  const auto close = text ? text->rfind(')') : std::string::npos;
  return close != std::string::npos && close + 2 < text->size() && (*text)[close + 2] != 'Z';
}

bool eventually(const std::function<bool()>& fact, Millis most = Millis(10'000)) {
  for (const Deadline deadline(most); !fact(); std::this_thread::sleep_for(Millis(5)))
    if (deadline.passed()) return fact();
  return true;
}

/// How a copy of this process ends that runs `work`: what a signal or an exit must not do to the
/// tests.
int status_of_copy(const std::function<int()>& work) {
  const pid_t copy = ::fork();
  if (copy == 0) ::_exit(work());
  int status = -1;
  ::waitpid(copy, &status, 0);
  return exit_status(status);
}

}  // namespace

TEST_CASE("a program that leaves a daemon on its streams ends when it ends") {
  Program command;
  command.argv = {"/bin/sh", "-c", "sleep 30 & echo said"};
  command.deadline = Deadline(Millis(20'000));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->ok());
  CHECK(finished->out == "said\n");
  CHECK(finished->wall < Millis(10'000));
}

TEST_CASE("a program that ignores TERM is gone after its deadline, children included") {
  Program command;
  command.argv = {"/bin/sh", "-c", "trap '' TERM; sleep 60 & sleep 60"};
  command.deadline = Deadline(Millis(200));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->timed_out);
  CHECK_FALSE(finished->ok());
}

TEST_CASE("output is kept whole up to its bound, and input reaches the program") {
  Program command;
  command.argv = {"cat"};
  command.input = std::string(3 << 20, 'x');
  command.max_output = 1 << 20;
  command.deadline = Deadline(Millis(20'000));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->ok());
  CHECK(finished->out.size() == 1 << 20);
  command.argv = {"no-such-program-anywhere"};
  CHECK_FALSE(run(command));
}

TEST_CASE("a program's two streams can be one, each line in its place") {
  Program command;
  command.argv = {"/bin/sh", "-c", "for i in 1 2 3; do echo out$i; echo err$i >&2; done"};
  command.one_stream = true;
  command.deadline = Deadline(Millis(10'000));
  const auto finished = run(command);
  REQUIRE(finished);
  CHECK(finished->out == "out1\nerr1\nout2\nerr2\nout3\nerr3\n");
  CHECK(finished->err.empty());
}

TEST_CASE("a program that closes its streams is given its input, and waited for") {
  auto program = shell("exec >&- 2>&-; sleep 0.2; wc -c > \"$0\"; exit 7");
  const TempDir folder;
  program.argv.push_back((folder.path() / "count").string());
  program.input = std::string(1 << 20, 'x');
  const auto finished = run(program);
  REQUIRE(finished);
  CHECK_FALSE(finished->timed_out);
  CHECK(finished->status == 7);
  CHECK(read_file(folder.path() / "count")->starts_with("1048576"));
}

TEST_CASE("a program that closes its streams and goes on ends at a stop request") {
  const auto begun = Clock::now();
  CHECK(status_of_copy([] {
          Stop::install();
          std::jthread asker([] {
            std::this_thread::sleep_for(Millis(200));
            ::kill(::getpid(), SIGTERM);
          });
          const auto finished = run(shell("exec >&- 2>&-; sleep 30"));
          return finished && finished->interrupted ? 0 : 1;
        }) == 0);
  CHECK(Clock::now() - begun < Millis(10'000));
}

TEST_CASE("how a program ended is told even where SIGCHLD was ignored") {
  CHECK(status_of_copy([] {
          std::signal(SIGCHLD, SIG_IGN);
          const auto finished = run(shell("exit 3"));
          return finished ? finished->status : 99;
        }) == 3);
}

TEST_CASE("a program starts even when our own folder is gone") {
  CHECK(status_of_copy([] {
          std::string name = "/tmp/cdctl-test-XXXXXX";
          if (!::mkdtemp(name.data()) || ::chdir(name.c_str()) != 0 || ::rmdir(name.c_str()) != 0)
            return 98;
          const auto finished = run(shell("exit 4"));
          return finished ? finished->status : 99;
        }) == 4);
}

TEST_CASE("an environment is added to, taken from, or made anew") {
  ::setenv("CDCTL_TEST_ONE", "1", 1);
  ::setenv("CDCTL_TEST_TWO", "2", 1);
  auto program =
      shell("echo ${CDCTL_TEST_ONE-none} ${CDCTL_TEST_TWO-none} ${CDCTL_TEST_THREE-none}");
  program.env = {{"CDCTL_TEST_ONE", "one"}, {"CDCTL_TEST_THREE", "a b"}};
  program.unset_env = {"CDCTL_TEST_TWO"};
  CHECK(run(program)->out == "one none a b\n");
  program.clean_env = true;
  program.env = {};
  CHECK(run(program)->out == "none none none\n");
  ::unsetenv("CDCTL_TEST_ONE");
  ::unsetenv("CDCTL_TEST_TWO");
}

TEST_CASE("a child is started with our ends of its pipes, in its own folder and session") {
  const TempDir folder;
  auto program = shell("pwd; read line; echo \"said $line\" >&2; exit 5");
  program.directory = folder.path();
  auto child = started(program, {.in = Stream::pipe});
  CHECK(child.running());
  CHECK(::getsid(child.pid()) == child.pid());
  REQUIRE(write_all(child.in.get(), "hello\n"));
  child.in.reset();
  CHECK(read_to_end(child.out) == folder.path().string() + "\n");
  CHECK(read_to_end(child.err) == "said hello\n");
  const auto status = child.wait(Deadline(Millis(10'000)));
  REQUIRE(status);
  CHECK(exit_status(*status) == 5);
  CHECK_FALSE(child.running());
}

TEST_CASE("a child gets no descriptor but its streams") {
  const Fd open(::open("/dev/null", O_RDONLY));  // without O_CLOEXEC
  const auto finished = run(shell("ls /proc/self/fd | wc -l"));
  REQUIRE(finished);
  CHECK(finished->out.starts_with("4"));  // three streams, and the folder that ls reads
}

TEST_CASE("what cannot be started is an error, and leaves nothing open") {
  const auto count = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = count();
  auto program = shell("true");
  program.directory = "/nowhere/at/all";
  CHECK_FALSE(Child::start(program, {}));
  CHECK_FALSE(Child::start(Program{}, {}));
  program.argv = {"/etc/passwd"};
  CHECK_FALSE(Child::start(program, {}));
  CHECK(count() == before);
}

TEST_CASE("a child is waited for until a deadline, and its end can be polled") {
  auto child = started(shell("read line; kill -9 $$"), {.in = Stream::pipe});
  const auto begun = Clock::now();
  CHECK_FALSE(child.wait(Deadline(Millis(50))));
  CHECK(Clock::now() - begun >= Millis(50));
  CHECK(child.running());
  child.in.reset();
  if (child.ended() >= 0) {
    struct pollfd ended{child.ended(), POLLIN, 0};
    CHECK(::poll(&ended, 1, 10'000) == 1);
  }
  struct rusage usage{};
  const auto status = child.wait(Deadline(Millis(10'000)), &usage);
  REQUIRE(status);
  CHECK(exit_status(*status) == 128 + SIGKILL);
}

TEST_CASE("an end takes along what the child left in its session") {
  auto child = started(shell("trap 'exit 6' TERM; (trap '' TERM; sleep 60) & echo $!; wait"));
  char text[32] = {};
  REQUIRE(::read(child.out.get(), text, sizeof text - 1) > 0);
  const auto left = static_cast<pid_t>(std::atoi(text));
  REQUIRE(alive(left));
  CHECK(exit_status(child.end(Millis(10'000))) == 6);
  CHECK_FALSE(child.running());
  CHECK(eventually([&] { return !alive(left); }));
}

TEST_CASE("a child that ignores TERM is killed after its grace") {
  auto child = started(shell("trap '' TERM; echo ready; while :; do sleep 1; done"));
  char text[8];
  REQUIRE(::read(child.out.get(), text, sizeof text) > 0);
  CHECK(exit_status(child.end(Millis(100))) == 128 + SIGKILL);
}

TEST_CASE("a child that is left goes on") {
  pid_t pid = 0;
  {
    auto child = started(shell("sleep 30"), {.out = Stream::null, .err = Stream::null});
    pid = child.pid();
    auto moved = std::move(child);
    CHECK_FALSE(child.running());  // NOLINT: what a move leaves
    CHECK(moved.pid() == pid);
  }
  CHECK(alive(pid));
  ::kill(-pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

TEST_CASE("a copy of the process speaks through its pipe alone") {
  auto copy = Child::fork(
      [](int fd) {
        std::puts("nobody sees this");
        (void)write_all(fd, "through the pipe");
      },
      Millis(10'000));
  REQUIRE(copy);
  CHECK(read_to_end(copy->out) == "through the pipe");
  const auto status = copy->wait(Deadline(Millis(10'000)));
  REQUIRE(status);
  CHECK(exit_status(*status) == 0);
}

TEST_CASE("a copy of the process lives no longer than it was given") {
  auto copy = Child::fork([](int) { ::pause(); }, Millis(0));  // at least a second
  REQUIRE(copy);
  const auto status = copy->wait(Deadline(Millis(10'000)));
  REQUIRE(status);
  CHECK(exit_status(*status) == 128 + SIGALRM);
}

TEST_CASE("a copy that is ended at once asks nobody to stop") {
  CHECK(status_of_copy([] {
          Stop::install();
          for (int i = 0; i < 50; ++i) {
            auto copy = Child::fork([](int) { ::pause(); }, Millis(10'000));
            if (!copy) return 1;
            copy->kill(SIGTERM);
            copy->end(Millis(5000));
          }
          struct pollfd stop{Stop::fd(), POLLIN, 0};
          return ::poll(&stop, 1, 0) == 0 && !Stop::requested() ? 0 : 2;
        }) == 0);
}

TEST_CASE("a program is found in PATH, in its absolute folders only") {
  const TempDir folder;
  const auto program = folder.path() / "cdctl-test-program";
  REQUIRE(write_file_atomically(program, "#!/bin/sh\n", 0755));
  const std::string before = ::getenv("PATH");
  ::setenv("PATH", (":.:relative:/nowhere:" + folder.path().string()).c_str(), 1);
  CHECK(find_program("cdctl-test-program") == program);
  CHECK_FALSE(find_program("sh"));
  CHECK_FALSE(find_program(""));
  ::setenv("PATH", before.c_str(), 1);
  CHECK(find_program(program.string()) == program);
  CHECK_FALSE(find_program(folder.path().string() + "/none"));
}

TEST_CASE("a variable that holds a secret of ours reaches no child that is not given it") {
  ::setenv("CDCTL_TEST_HUSH", "hush", 1);
  ::setenv("CDCTL_TEST_LOUD", "loud", 1);
  auto program = shell("printf %s \"$CDCTL_TEST_HUSH.$CDCTL_TEST_LOUD\"");
  CHECK(run(program)->out == "hush.loud");
  hide_from_children("CDCTL_TEST_HUSH");
  hide_from_children("CDCTL_TEST_HUSH");
  hide_from_children("PATH");
  CHECK(hidden_from_children("CDCTL_TEST_HUSH"));
  CHECK_FALSE(hidden_from_children("CDCTL_TEST_HUS"));
  CHECK_FALSE(hidden_from_children("PATH"));
  CHECK(hidden_environment() == std::map<std::string, std::string>{{"CDCTL_TEST_HUSH", "hush"}});
  CHECK(run(program)->out == ".loud");
  program.env = hidden_environment();
  CHECK(run(program)->out == "hush.loud");
  ::unsetenv("CDCTL_TEST_HUSH");
  CHECK(hidden_environment().empty());
}

TEST_CASE("who holds a secret leaves no core, and its children may") {
  const auto pid = ::fork();
  if (pid == 0) {
    struct rlimit limit{4096, RLIM_INFINITY};
    struct rlimit now{};
    if (::getrlimit(RLIMIT_CORE, &now) != 0) ::_exit(2);
    limit.rlim_max = now.rlim_max;
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_cur, limit.rlim_max);
    if (::setrlimit(RLIMIT_CORE, &limit) != 0) ::_exit(3);
    leave_no_core();
    leave_no_core();
    if (::getrlimit(RLIMIT_CORE, &now) != 0 || now.rlim_cur != 0) ::_exit(4);
    auto child = Child::start(shell("ulimit -c"), {});
    if (!child) ::_exit(5);
    if (::getrlimit(RLIMIT_CORE, &now) != 0 || now.rlim_cur != 0) ::_exit(7);
    const auto said = read_to_end(child->out);
    ::_exit(said == std::to_string(limit.rlim_cur / 512) + "\n" ? 0 : 6);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE(
    "one that was let go before it ended leaves nothing for ever: the next one takes it away") {
  auto child = started(shell("sleep 1"));
  const auto pid = child.pid();
  child.leave();
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT) == 0);
  auto next = started(shell(":"));
  CHECK(::waitpid(pid, nullptr, WNOHANG) == -1);
  CHECK(next.wait(Deadline(Millis(10'000))));
}
