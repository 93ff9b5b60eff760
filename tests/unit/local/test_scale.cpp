#include <atomic>
#include <thread>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "tests/support/local_home.hpp"

#include "plugins/local/paths.hpp"
#include "plugins/local/run_plan.hpp"
#include "plugins/local/scaling.hpp"

using namespace cdctl;
using namespace cdctl::test;

namespace {

constexpr const char* k_ticker =
    "echo up > started.$CDCTL_UNIT; trap 'echo bye > ended.$CDCTL_UNIT; exit 0' TERM; "
    "while :; do sleep 0.05; done";

bool up(LocalHome& home, std::int64_t want) {
  return eventually([&] {
    const auto status = home.status();
    return status.want == want && status.up == want;
  });
}
std::string state_of(LocalHome& home, const std::string& unit) {
  const auto status = home.status();
  for (const auto& one : status.detail["units"].items())
    if (one["unit"].view() == unit) return one["state"].as_string();
  return "none";
}
/// A supervisor that knows how it is, and nothing else.
void answer_as_before(const std::filesystem::path& path, const std::atomic<bool>& over) {
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  ::bind(listener.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address);
  ::listen(listener.get(), 8);
  while (!over) {
    struct pollfd ready{listener.get(), POLLIN, 0};
    if (::poll(&ready, 1, 20) <= 0) continue;
    const Fd client(::accept(listener.get(), nullptr, nullptr));
    char line[256];
    const auto got = ::read(client.get(), line, sizeof line);
    const bool status = std::string_view(line, got > 0 ? got : 0) == "status\n";
    const std::string_view answer = status ? "ok\n" : "error: no such command\n";
    (void)!::write(client.get(), answer.data(), answer.size());
  }
}
const auto k_nobody = [](std::size_t) { return false; };

}  // namespace

TEST_CASE("of what the service runs one there is one at most") {
  local::RunPlan plan{"s", "h", "/", {{"worker", "w"}, {"beat", "b"}}, {}, {}};
  plan.keepers["beat"] = {"/libexec/cdctl-keep", "queue", "exchange", "17"};
  const auto read = local::parse_run_plan(local::to_text(plan));
  REQUIRE(read);
  CHECK(read->keepers == plan.keepers);
  const auto two = local::scale_plan(plan, {{"beat", 2}}, k_nobody);
  REQUIRE_FALSE(two);
  CHECK(two.error().exit == ExitCode::config);
  must(local::scale_plan(plan, {{"beat", 0}}, k_nobody));
  must(local::scale_plan(plan, {{"beat", 1}, {"worker", 2}}, k_nobody));
  CHECK(local::counts_of(plan) == UnitCounts{{"beat", 1}, {"worker", 2}});
}

TEST_CASE("a unit keeps its number when others are scaled away") {
  local::RunPlan plan{"s", "h", "/", {{"worker", "w"}, {"worker", "w"}, {"beat", "b"}}, {}, {}};
  must(local::scale_plan(plan, {{"worker", 1}}, k_nobody));
  CHECK(local::counts_of(plan) == UnitCounts{{"beat", 1}, {"worker", 1}});
  CHECK(plan.units[1].vacant);
  CHECK(plan.units[2].process == "beat");
  must(local::scale_plan(plan, {{"worker", 3}}, k_nobody));
  CHECK_FALSE(plan.units[1].vacant);
  REQUIRE(plan.units.size() == 4);
  CHECK(plan.units[3].process == "worker");
  CHECK(plan.units[3].command == "w");
  // A number whose last processes still run is left alone
  must(local::scale_plan(plan, {{"worker", 1}}, k_nobody));
  must(local::scale_plan(plan, {{"worker", 3}}, [](std::size_t i) { return i == 1; }));
  CHECK(plan.units[1].vacant);
  CHECK(plan.units.size() == 5);
  const auto read = local::parse_run_plan(local::to_text(plan));
  REQUIRE(read);
  CHECK(read->units[1].vacant);
  CHECK(local::counts_of(*read) == local::counts_of(plan));
}

TEST_CASE("numbers that no set can have are refused") {
  local::RunPlan plan{"s", "h", "/", {{"worker", "w"}}, {}, {}};
  const auto refused = [&](const UnitCounts& units) {
    const auto before = local::to_text(plan);
    const auto done = local::scale_plan(plan, units, k_nobody);
    REQUIRE_FALSE(done);
    CHECK(done.error().exit == ExitCode::config);
    CHECK(local::to_text(plan) == before);
    return done.error().what;
  };
  CHECK(refused({{"worker", 0}}).contains("from 1 to 1000"));
  CHECK(refused({{"worker", -1}}).contains("from 0 to 1000"));
  CHECK(refused({{"worker", 1001}}).contains("from 0 to 1000"));
  CHECK(refused({{"wroker", 2}}).contains("worker"));
}

TEST_CASE("a live set is scaled in place, and nobody else is restarted") {
  for (const bool without : {false, true}) {
    const NoCgroup no_cgroup(without);
    LocalHome home;
    home.deploy(k_ticker, 2);
    REQUIRE(up(home, 2));
    const auto pid = home.unit(0)["pid"].as_int();
    CHECK(must(home.engine.scale(k_set, {{"worker", 4}}, soon())).changed);
    REQUIRE(up(home, 4));
    CHECK(home.status().processes == UnitCounts{{"worker", 4}});
    CHECK_FALSE(must(home.engine.scale(k_set, {{"worker", 4}}, soon())).changed);
    CHECK(must(home.engine.scale(k_set, {{"worker", 1}}, soon())).changed);
    CHECK(home.status().want == 1);
    REQUIRE(
        eventually([&] { return home.size_of("ended.3") > 0 && state_of(home, "3") == "none"; }));
    CHECK(home.size_of("ended.0") == -1);
    CHECK(home.unit(0)["pid"].as_int() == pid);
    CHECK(home.unit(0)["restarts"].as_int() == 0);
    // The number that is free is taken again
    CHECK(must(home.engine.scale(k_set, {{"worker", 2}}, soon())).changed);
    REQUIRE(up(home, 2));
    CHECK(state_of(home, "1") == "up");
    must(home.reap());
  }
}

TEST_CASE("the number survives whoever runs the set, and a deploy that makes it anew") {
  LocalHome home;
  home.deploy(k_ticker, 2);
  must(home.engine.scale(k_set, {{"worker", 3}}, soon()));
  REQUIRE(up(home, 3));
  ::kill(home.supervisor().pid, SIGKILL);
  REQUIRE(eventually([&] { return home.state() == "down"; }));
  CHECK(home.status().want == 3);
  CHECK(must(home.engine.scale(k_set, {{"worker", 4}}, soon())).changed);
  CHECK(home.status().want == 4);
  CHECK(must(home.engine.list("thumbs", soon())).front().processes == UnitCounts{{"worker", 4}});
  {
    auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
    REQUIRE(must(claim->revive({}, soon())));
    must(claim->finish());
  }
  REQUIRE(up(home, 4));
  home.deploy(k_ticker, 2);
  CHECK(up(home, 4));
}

TEST_CASE("a cut set is scaled when it is mended") {
  for (const bool without : {false, true}) {
    const NoCgroup no_cgroup(without);
    LocalHome home;
    home.deploy(k_ticker, 3);
    REQUIRE(up(home, 3));
    must(home.engine.cut(k_set, soon()));
    CHECK(must(home.engine.scale(k_set, {{"worker", 4}}, soon())).changed);
    CHECK(home.size_of("started.3") == -1);
    CHECK(must(home.engine.scale(k_set, {{"worker", 2}}, soon())).changed);
    CHECK(home.status().want == 2);
    must(home.engine.mend(k_set, false, soon()));
    CHECK(up(home, 2));
    CHECK(home.size_of("started.3") == -1);
    must(home.reap());
  }
}

TEST_CASE("a set that is reaped, or has no plan, is not scaled") {
  LocalHome home;
  CHECK_FALSE(home.engine.scale(k_set, {{"worker", 2}}, soon()));
  home.deploy(k_ticker, 1);
  must(home.engine.stop(k_set, Millis(2000), soon()));
  const auto done = home.engine.scale(k_set, {{"worker", 2}}, soon());
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::refused);
}

TEST_CASE("a supervisor of before an upgrade is said to be one, and nothing is changed") {
  LocalHome home;
  home.deploy("exec sleep 1000", 2);
  REQUIRE(up(home, 2));
  const auto socket = home.folder() / local::k_socket, aside = home.folder() / "aside";
  std::filesystem::rename(socket, aside);
  std::atomic<bool> over = false;
  std::thread old([&] { answer_as_before(socket, over); });
  REQUIRE(eventually([&] { return std::filesystem::exists(socket); }));
  const auto plan = read_file(home.folder() / local::k_run).value();
  const auto done = home.engine.scale(k_set, {{"worker", 3}}, soon());
  over = true;
  old.join();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::refused);
  CHECK(done.error().what.contains("an older cdctl, which cannot scale; nothing was changed"));
  CHECK(read_file(home.folder() / local::k_run).value() == plan);
  CHECK_FALSE(std::filesystem::exists(home.folder() / local::k_scale));
  std::filesystem::rename(aside, socket);
  CHECK(home.status().want == 2);
}
