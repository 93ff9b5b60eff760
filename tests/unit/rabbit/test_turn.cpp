#include <csignal>

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "plugins/rabbit/broker/stats.hpp"
#include "plugins/rabbit/broker/topology.hpp"
#include "plugins/rabbit/keeper/fence.hpp"
#include "plugins/rabbit/keeper/turn.hpp"
#include "plugins/rabbit/switch/rights.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;

namespace {

/// A process group of its own that sleeps; the pid of its leader.
pid_t sleeper() {
  const auto pid = ::fork();
  if (pid == 0) {
    ::setsid();
    for (;;) ::pause();
  }
  while (::getpgid(pid) != pid) ::usleep(1000);
  return pid;
}

/// The signal that ended it within so long; 0 = it lives.
int ended_by(pid_t pid, Millis within) {
  for (const Deadline deadline(within);;) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) == pid) return WIFSIGNALED(status) ? WTERMSIG(status) : -1;
    if (deadline.passed()) return 0;
    ::usleep(5000);
  }
}

void finish(pid_t pid) {
  ::kill(-pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
}

}  // namespace

TEST_CASE("a keeper gives its process up before the broker can give the turn to another") {
  for (const int heartbeat : {2, 3, 5, 10, 60}) {
    INFO(heartbeat);
    CHECK(lease_of(heartbeat) > Millis(0));
    CHECK(lease_of(heartbeat) + Millis(1000) < Millis(2000 * heartbeat));
    CHECK(lease_of(heartbeat) < k_settle);
  }
  CHECK(lease_of(k_keeper_heartbeat_s) == k_longest_lease);
  CHECK(lease_of(1) == Millis(0));
  CHECK(lease_of(0) == Millis(0));
}

TEST_CASE("only a newer set is handed the turn") {
  const auto asks = [](const char* body, const char* user, const char* type = "ask") {
    Delivery out;
    out.body = body;
    out.user = user;
    out.type = type;
    return is_newer(out, 100, "thumbs-r5000000000");
  };
  CHECK(asks("101", "thumbs-r1000000000"));
  CHECK_FALSE(asks("99", "thumbs-r9000000000"));
  CHECK(asks("100", "thumbs-r9000000000"));  // deployed in one millisecond
  CHECK_FALSE(asks("100", "thumbs-r1000000000"));
  CHECK_FALSE(asks("101", "thumbs-r5000000000"));  // itself, before it was started again
  for (const auto* body : {"", "x", "101x", "99999999999999999999"}) {
    INFO(body);
    CHECK_FALSE(asks(body, "thumbs-r9000000000"));
  }
  CHECK_FALSE(asks("101", "thumbs-r9000000000", "done"));
}

TEST_CASE("a fence kills at its time, and not while that is put off") {
  const auto pid = sleeper();
  Fence fence;
  fence.arm(boot_now() + Millis(2000));
  fence.guard(pid);
  for (int i = 0; i < 5; ++i) {
    CHECK(ended_by(pid, Millis(100)) == 0);
    fence.arm(boot_now() + Millis(2000));
  }
  CHECK_FALSE(fence.struck());
  CHECK(ended_by(pid, Millis(10'000)) == SIGKILL);
  CHECK(fence.struck());
}

TEST_CASE("a fence kills what it is told of too late, and nothing that it is told to leave") {
  const auto late = sleeper(), left = sleeper();
  Fence fence;
  fence.strike();
  fence.arm(boot_now() + Millis(60'000));  // what has struck stays so
  fence.guard(late);
  CHECK(ended_by(late, Millis(5000)) == SIGKILL);
  fence.disarm();
  fence.guard(left);
  fence.guard(0);
  fence.strike();
  CHECK(ended_by(left, Millis(200)) == 0);
  finish(left);
}

TEST_CASE("a fence kills what a dead leader has left in its group") {
  for (const bool told_late : {false, true}) {
    INFO(told_late);
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const auto leader = ::fork();
    if (leader == 0) {
      ::setsid();
      if (::fork() == 0) {
        (void)!::write(ends[1], "!", 1);  // it is there
        for (;;) ::pause();
      }
      for (;;) ::pause();
    }
    const Fd ours(ends[0]);
    ::close(ends[1]);
    char said = 0;
    REQUIRE(::read(ours.get(), &said, 1) == 1);
    Fence fence;
    if (!told_late) fence.guard(leader);
    REQUIRE(::kill(leader, SIGKILL) == 0);
    REQUIRE(::waitpid(leader, nullptr, 0) == leader);
    if (told_late) fence.guard(leader);
    fence.strike();
    pollfd end{ours.get(), POLLIN, 0};
    const bool over = ::poll(&end, 1, 5000) == 1;
    CHECK(over);
    if (over) CHECK(::read(ours.get(), &said, 1) == 0);  // nobody has the other end any more
    if (!over) ::kill(-leader, SIGKILL);
  }
}

TEST_CASE("a set may wait for its turn, and for nobody else's") {
  ServiceConfig service;
  service.name = "thumbs";
  service.table = *Json::parse(
      R"({"units":{"worker":3,"beat":{"count":1,"across":"service"}},"rabbit":{"queues":{"thumbs":{}}}})");
  CHECK(service.singletons() == std::set<std::string>{"beat"});
  const auto topology = read_topology(service);
  REQUIRE(topology);
  const auto turns = turns_of(service);
  REQUIRE(turns.size() == 1);
  CHECK(turns.front().queue == "cdctl.one.thumbs.beat");
  const auto rights = rights_of(*topology, *parse_set_name("thumbs-r0000000001"), turns);
  CHECK(rights.configure == "^$");
  CHECK(rights.read == R"(^(?:thumbs|cdctl\.one\.thumbs\.beat)\z)");
  CHECK(rights.write == R"(^(?:cdctl\.signals|cdctl\.turn\.thumbs\.beat)\z)");
}

TEST_CASE("a keeper's connection takes no part in the work of its set") {
  const auto row = [](const char* text) { return is_keeper_connection(*Json::parse(text)); };
  CHECK(row(R"({"client_properties":{"connection_name":"cdctl-keeper cdctl.one.a.beat"}})"));
  CHECK(row(R"({"user_provided_name":"cdctl-keeper cdctl.one.a.beat"})"));
  CHECK_FALSE(row(R"({"client_properties":{"connection_name":"worker"}})"));
  CHECK_FALSE(row(R"({"name":"127.0.0.1:1 -> 127.0.0.1:2"})"));
}
