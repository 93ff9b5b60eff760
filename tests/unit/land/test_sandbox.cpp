#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/fs.hpp>
#include <cdctl/text.hpp>

#include "core/land/isolation.hpp"
#include "core/land/results.hpp"
#include "core/land/sandbox.hpp"
#include "core/land/secrets.hpp"
#include "support/test_host.hpp"

using namespace cdctl;
using namespace std::chrono_literals;
using Catch::Matchers::Contains;

namespace {

struct Stand {
  test::TempDir dir;
  land::SandboxJob job;

  explicit Stand(const std::string& command) {
    job.command = command;
    job.work = dir.path() / "work";
    job.log = dir.path() / "log";
    for (const auto* part : {"tree", "home", "tmp"})
      std::filesystem::create_directories(job.work / part);
    job.environment = {{"PATH", "/usr/local/bin:/usr/bin:/bin"},
                       {"HOME", (job.work / "home").string()}};
    job.limit = 30s;
    job.silence = 20s;
    job.grace = 500ms;
  }
  land::SandboxResult run() {
    auto out = land::run_in_sandbox(job);
    if (!out) FAIL(out.error().what);
    return *out;
  }
  std::string log() { return read_file(job.log).value_or(""); }
  /// A process that says who it is by its argument.
  static bool lives(const std::string& mark) {
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      const auto words = read_file(entry.path() / "cmdline", 1 << 16);
      if (words && words->find(mark) != std::string::npos &&
          entry.path().filename() != std::to_string(::getpid()))
        return true;
    }
    return false;
  }
};

std::string mark() {
  return "97531." + std::to_string(::getpid()) + std::to_string(std::rand() % 1000);
}

}  // namespace

TEST_CASE("a command runs in its folder, with its environment and no input", "[land]") {
  ::setenv("CDCTL_TEST_SECRET", "xyzzy", 1);
  Stand stand("pwd; env; cat; echo to-stderr >&2; exit 3");
  const auto done = stand.run();
  CHECK(done.status == 3);
  CHECK(done.end == land::SandboxResult::End::exited);
  CHECK_THAT(stand.log(), Contains("/work/tree") && Contains("to-stderr") && Contains("HOME="));
  CHECK_THAT(stand.log(), !Contains("xyzzy"));
  CHECK(done.bytes == static_cast<std::int64_t>(stand.log().size()));
}

TEST_CASE("Tarmac 1 and 2: a hang that ignores TERM ends, with its children, and we do not",
          "[land]") {
  const auto name = mark();
  Stand stand("trap '' TERM; setsid sleep " + name + "1 & (trap '' TERM; sleep " + name +
              "2) & echo begun; sleep " + name + "3; sleep " + name + "4");
  stand.job.silence = 700ms;
  const auto done = stand.run();
  CHECK(done.end == land::SandboxResult::End::silence);
  CHECK(done.took < 10s);
  CHECK_THAT(stand.log(), Contains("begun"));
  CHECK_FALSE(Stand::lives(name));
}

TEST_CASE("a command that goes on too long is told first, and can say why", "[land]") {
  Stand stand("trap 'echo told; exit 1' TERM; while :; do echo on; sleep 0.05; done");
  stand.job.limit = 500ms;
  const auto done = stand.run();
  CHECK(done.end == land::SandboxResult::End::limit);
  CHECK_THAT(stand.log(), Contains("told"));
}

TEST_CASE("what a command leaves behind ends with it", "[land]") {
  const auto name = mark();
  Stand stand("setsid sleep " + name + " & sleep " + name + " & exit 0");
  const auto done = stand.run();
  CHECK(done.status == 0);
  CHECK(done.took < 10s);
  CHECK_FALSE(Stand::lives(name));
}

TEST_CASE("a command ends with what watches it, and that is seen at once", "[land]") {
  for (const bool wrapped : {false, true}) {
    INFO(wrapped);
    const auto name = mark();
    Stand stand("echo begun; sleep " + name + " & sleep " + name);
    if (wrapped) stand.job.wrapper = {"env"};
    auto sandbox = land::Sandbox::start(stand.job);
    REQUIRE(sandbox);
    for (int i = 0; i < 1000 && !stand.log().contains("begun"); ++i)
      std::this_thread::sleep_for(10ms);
    CHECK(Stand::lives(name));
    const auto children =
        read_file("/proc/self/task/" + std::to_string(::getpid()) + "/children", 1 << 16);
    REQUIRE(children);
    const auto wardens = words(*children);
    REQUIRE(wardens.size() == 1);
    ::kill(std::stoi(std::string(wardens.front())), SIGKILL);
    struct pollfd end{sandbox->fd(), POLLIN, 0};
    const auto killed = std::chrono::steady_clock::now();
    while (!sandbox->hear()) (void)::poll(&end, 1, 1000);
    CHECK(std::chrono::steady_clock::now() - killed < 10s);  // its limit is 30
    const auto result = sandbox->result();
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().what, Contains("what watched it ended before it"));
    for (int i = 0; i < 500 && Stand::lives(name); ++i) std::this_thread::sleep_for(10ms);
    CHECK_FALSE(Stand::lives(name));
  }
}

TEST_CASE("of 50 MB the beginning and the end are kept", "[land]") {
  Stand stand("echo first; head -c 50000000 /dev/zero | tr '\\0' x; echo; echo last");
  const auto done = stand.run();
  CHECK(done.status == 0);
  CHECK(done.bytes > 50'000'000);
  const auto log = stand.log();
  CHECK(log.size() < 6'000'000);
  CHECK(log.starts_with("first\n"));
  CHECK(log.ends_with("\nlast\n"));
  CHECK_THAT(log, Contains("bytes are left out here"));
  CHECK(land::last_lines(stand.job.log).size() <= 33'000);
}

TEST_CASE("a signal is told as the shell tells it", "[land]") {
  CHECK(Stand("kill -9 $$").run().status == 137);
  CHECK(Stand("exit 75").run().status == 75);
  CHECK(Stand("/no/such/program").run().status == 127);
}

TEST_CASE("where namespaces can be made, there is no network, no home and nobody else", "[land]") {
  Stand stand(
      "cat \"$SECRET\"; ls /proc | grep -c '^[0-9]'; cat /proc/net/dev | grep -c : ; umount "
      "\"$HIDDEN\" "
      "2>&1; cat \"$SECRET\"; grep CapEff /proc/self/status; kill -0 $OUTER && echo reached; : "
      ">ours");
  test::TempDir hidden;
  std::ofstream(hidden.path() / "secret") << "xyzzy\n";
  stand.job.environment["SECRET"] = (hidden.path() / "secret").string();
  stand.job.environment["HIDDEN"] = hidden.path().string();
  stand.job.environment["OUTER"] = std::to_string(::getpid());
  stand.job.hidden = {hidden.path()};
  const auto done = stand.run();
  if (!land::can_isolate()) {
    CHECK(done.isolation.empty());
    WARN("no namespaces here");
    return;
  }
  CHECK(std::ranges::find(done.isolation, "network") != done.isolation.end());
  CHECK(std::ranges::find(done.isolation, "home") != done.isolation.end());
  CHECK_THAT(stand.log(), !Contains("xyzzy") && !Contains("reached"));
  CHECK_THAT(stand.log(), Contains("CapEff:\t0000000000000000"));
  CHECK(std::filesystem::exists(stand.job.work / "tree" / "ours"));
}

TEST_CASE("where namespaces can be made, nothing outside can be written, by root neither",
          "[land]") {
  Stand stand(
      "for f in \"$OUTSIDE/x\" /usr/x.$$ /etc/x.$$ /var/lib/x.$$; do true >$f && echo wrote $f; "
      "done; "
      "ls /run; ls /dev | tr '\\n' ' '; true >/proc/sys/kernel/core_pattern && echo core; "
      "for f in \"$HOME\" /dev/shm; do true >$f/x && echo fine $f; done; "
      "echo >/dev/null && echo null; echo 1 >/proc/self/oom_score_adj && echo own");
  test::TempDir outside;
  stand.job.environment["OUTSIDE"] = outside.path().string();
  // a folder that holds the stand's own is put back
  stand.job.hidden = {"/run", "/dev/shm"};
  const auto done = stand.run();
  if (std::ranges::find(done.isolation, "files") == done.isolation.end()) {
    WARN("no namespaces here, or a kernel before 5.12");
    return;
  }
  CHECK_THAT(stand.log(), !Contains("wrote") && !Contains("core\n"));
  CHECK(std::filesystem::is_empty(outside.path()));
  for (const auto* word : {"fine /dev/shm", "null\n", "own\n"})
    CHECK_THAT(stand.log(), Contains(word));
  CHECK_THAT(stand.log(), Contains("fine " + stand.job.environment["HOME"]));
  CHECK_THAT(stand.log(), Contains("full null ptmx"));  // whoever runs it
}

TEST_CASE("where namespaces can be made, no service can be talked to by its socket", "[land]") {
  const std::string table =
      "Num       RefCount Protocol Flags    Type St Inode Path\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01   123 /srv/a b.sock\n"
      "0000000000000000: 00000003 00000000 00000000 0001 03 1591\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 37388479 @abstract\n"
      "0000000000000000: 00000002 00000000 00010000 0001 01 5 /var/lib/sss/pipes/nss\n"
      "0000000000000000: 00000002 00000000 00000000 0002 01 37388480 /srv/a b.sock\n";
  CHECK(land::sockets_in(table) == std::vector<std::filesystem::path>{"/srv/a b.sock"});
  test::TempDir dir;
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto path = (dir.path() / "service.sock").string();
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const Fd service(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(service.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(service.get(), 1) == 0);
  Stand stand("[ -e \"$SOCKET\" ] && echo something; [ -S \"$SOCKET\" ] && echo a socket");
  stand.job.environment["SOCKET"] = path;
  stand.job.sockets = land::sockets_in(read_file("/proc/net/unix").value_or(""));
  CHECK(std::ranges::find(stand.job.sockets, std::filesystem::path(path)) !=
        stand.job.sockets.end());
  const auto done = stand.run();
  if (std::ranges::find(done.isolation, "home") == done.isolation.end()) {
    WARN("no namespaces here");
    return;
  }
  CHECK(stand.log() == "something\n");
}

TEST_CASE("where namespaces can be made, nobody's terminal, key or secret file is there",
          "[land]") {
  Stand stand(
      "ls /dev/pts | grep -v ptmx; wc -c </proc/keys; grep Seccomp: /proc/self/status; "
      "cat \"$SECRET\" && echo could read; df -P /dev/shm | tail -n 1");
  test::TempDir dir;
  const auto file = dir.path() / "token";
  std::ofstream(file) << "xyzzy-0123456789\n";
  stand.job.environment["SECRET"] = file.string();
  stand.job.hidden = {file};  // the folder is not
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  const auto done = stand.run();
  if (terminal >= 0) ::close(terminal);
  if (std::ranges::find(done.isolation, "files") == done.isolation.end()) {
    WARN("no namespaces here, or a kernel before 5.12");
    return;
  }
  CHECK_THAT(stand.log(), Catch::Matchers::StartsWith("0\nSeccomp:\t2\ncould read\n"));
  CHECK_THAT(stand.log(), !Contains("xyzzy") && Contains(" 262144 "));
}

TEST_CASE("a command reads no secret in the memory or the environment of any process", "[land]") {
  // The mark is put together here and there: what looks for it must not find itself.
  static constexpr const char* k_look = R"(
import os
mark, seen = os.environ["HALF"].encode() + b"-planted", 0
for pid in filter(str.isdigit, os.listdir("/proc")):
    if pid == str(os.getpid()): continue
    try:
        seen += 1
        if mark in open(f"/proc/{pid}/environ", "rb").read(): print("environment of", pid)
    except OSError: pass
    try:
        with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as memory:
            for line in maps:
                if " rw" not in line: continue
                first, last = (int(x, 16) for x in line.split()[0].split("-"))
                try:
                    memory.seek(first)
                    if mark in memory.read(last - first): print("memory of", pid)
                except (OSError, ValueError, OverflowError): pass
    except OSError: pass
print("looked at", seen > 0)
)";
  if (!find_program("python3")) {
    WARN("no python3 here");
    return;
  }
  const auto half = "half" + mark();
  const auto secret = half + "-planted";
  for (const bool wrapped : {false, true}) {
    INFO(wrapped);
    Stand stand("python3 look.py");
    std::ofstream(stand.job.work / "tree" / "look.py") << k_look;
    stand.job.environment["HALF"] = half;
    stand.job.secrets = {secret};
    if (wrapped) {
      if (::geteuid() == 0) continue;  // root reads what it likes
      stand.job.wrapper = {"/usr/bin/env"};
    }
    const auto done = stand.run();
    CHECK(done.status == 0);
    CHECK(stand.log() == "looked at True\n");
  }
}

TEST_CASE("a log shows no secret, however it comes", "[land]") {
  Stand stand("printf 'a xyzzy-0123'; sleep 0.3; echo '456789 b'; echo xyzzy-0123; echo end");
  stand.job.secrets = {"xyzzy-0123456789"};
  const auto done = stand.run();
  CHECK(stand.log() == "a (secret) b\nxyzzy-0123\nend\n");
  CHECK(done.bytes == 36);

  land::Mask mask({"aab", "secret-word"});
  CHECK(mask.add("xaa") == "x");
  CHECK(mask.add("ab") == "a(secret)");
  CHECK(mask.add("secret-").empty());
  CHECK(mask.rest() == "secret-");
}

TEST_CASE("what forks faster than anybody looks ends with its test, a wrapper or not", "[land]") {
  // each link of the chain forks the next and ends; `mode` s: in a session of its own
  static constexpr const char* k_chain = R"(
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
for fd in (0, 1, 2): os.close(fd)
end = time.time() + 20
while time.time() < end:
    if os.fork(): os._exit(0)
    if sys.argv[1] == "s" and os.getpid() % 8 == 0: os.setsid()
)";
  if (!find_program("python3")) {
    WARN("no python3 here");
    return;
  }
  for (const auto* mode : {"g", "s"}) {
    const auto name = mark();
    Stand stand("python3 chain.py " + std::string(mode) + " " + name + "; sleep 0.3");
    std::ofstream(stand.job.work / "tree" / "chain.py") << k_chain;
    stand.job.wrapper = {"/usr/bin/env"};
    const auto done = stand.run();
    INFO(mode << " " << done.left);
    CHECK(done.status == 0);
    CHECK(done.left.empty() != Stand::lives(name));  // none is left, or it says so
    if (*mode == 'g') CHECK(done.left.empty());
  }
}

TEST_CASE("time in which nobody could hear the command is not its silence", "[land]") {
  Stand stand("kill -STOP $PPID; sleep 1.5; kill -CONT $PPID; sleep 0.5; echo done");
  stand.job.wrapper = {"/usr/bin/env"};  // its parent is who watches it
  stand.job.silence = 1200ms;
  const auto done = stand.run();
  CHECK(done.end == land::SandboxResult::End::exited);
  CHECK(done.status == 0);
}

TEST_CASE("a wrapper runs the command, without a shell, in place of our namespaces", "[land]") {
  Stand stand("echo \"$MARK $0\"; exit 3");
  stand.job.wrapper = {"env", "MARK=it's here; true"};
  const auto done = stand.run();
  CHECK(done.status == 3);
  CHECK(done.isolation.empty());
  CHECK_THAT(stand.log(), Contains("it's here; true /bin/sh"));
  CHECK_FALSE(done.disk_full);
  Stand none("true");
  none.job.wrapper = {"/no/such/wrapper"};
  CHECK(none.run().status == 127);
}

TEST_CASE("several commands run at once, and one that is stopped ends alone", "[land]") {
  Stand one("echo one; sleep 30"), two("sleep 0.3; echo two");
  auto first = land::Sandbox::start(one.job), second = land::Sandbox::start(two.job);
  REQUIRE((first && second));
  while (one.log().empty()) std::this_thread::sleep_for(10ms);
  first->stop();
  while (!first->hear()) std::this_thread::sleep_for(10ms);
  CHECK(first->result()->end == land::SandboxResult::End::stopped);
  while (!second->hear()) std::this_thread::sleep_for(10ms);
  const auto done = second->result();
  REQUIRE(done);
  CHECK(done->end == land::SandboxResult::End::exited);
  CHECK(two.log() == "two\n");
}

TEST_CASE("a work folder in a hidden one is there all the same", "[land]") {
  Stand stand("echo here >made; cat \"$SECRET\"");
  std::ofstream(stand.dir.path() / "secret") << "xyzzy\n";
  stand.job.environment["SECRET"] = (stand.dir.path() / "secret").string();
  stand.job.hidden = {stand.dir.path()};
  const auto done = stand.run();
  CHECK(std::filesystem::exists(stand.job.work / "tree" / "made"));
  if (!done.isolation.empty()) CHECK_THAT(stand.log(), !Contains("xyzzy"));
}

TEST_CASE("a test's result is remembered by target, tree, command and machine", "[land]") {
  test::TempDir dir;
  const land::TestResults results(dir.path());
  VerifyConfig verify;
  verify.command = "make check";
  const auto key = land::test_key("main", "tree", verify, false);
  CHECK_FALSE(results.find(key));
  REQUIRE(results.keep(key, {false, "exit status 1", 1, 2, "/log", {"network"}, 12.5, now()}));
  const auto found = results.find(key);
  REQUIRE(found);
  CHECK_FALSE(found->passed);
  CHECK(found->why == "exit status 1");
  CHECK(found->tries == 2);
  CHECK(found->isolation == std::vector<std::string>{"network"});
  CHECK(land::test_key("main", "other", verify, false) != key);
  CHECK(land::test_key("main", "tree", verify, true) != key);
  CHECK(land::test_key("rel", "tree", verify, false) != key);  // a test knows its target's name
  verify.command = "make test";
  CHECK(land::test_key("main", "tree", verify, false) != key);
}
