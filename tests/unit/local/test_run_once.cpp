#include "tests/support/local_home.hpp"

#include <future>

using namespace cdctl;
using namespace cdctl::test;

namespace {

Workload once(const LocalHome& home, const std::string& command) {
  return {home.dir.path(),
          {{k_release, command, 1}},
          {{"AMQP_URL", "amqp://thumbs:s3cret@localhost"}},
          {Millis(10'000), {{k_release, Millis(5000)}}}};
}
std::unique_ptr<Claim> claimed(LocalHome& home) {
  auto claim = must(home.engine.claim(k_set, some_sources(), now(), soon()));
  must(claim->clean(soon()));
  return claim;
}
bool begun(const LocalHome& home) {
  return eventually([&] { return home.size_of("begun") > 0; });
}

}  // namespace

TEST_CASE("a command is run once, in a unit's place, and tells how it ended") {
  LocalHome home;
  auto claim = claimed(home);
  auto ran = must(claim->run(once(home,
                                  "echo run >> runs; echo $CDCTL_UNIT $CDCTL_PROCESS $AMQP_URL; "
                                  "echo no table >&2; exit 3"),
                             soon()));
  CHECK(ran.exit == ExitCode::failed);
  CHECK(ran.end == "exit status 3");
  CHECK(ran.said ==
        std::vector<std::string>{"release release amqp://thumbs:s3cret@localhost", "no table"});
  CHECK(read_file(home.dir.path() / "runs").value_or("") == "run\n");
  CHECK_FALSE(std::filesystem::exists(home.folder() / "run"));
  CHECK(home.status().want == 0);
  CHECK_FALSE(must(home.engine.cut(k_set, soon())).details["frozen"].as_int() > 0);
  must(home.engine.mend(k_set, false, soon()));  // starts nothing again
  CHECK(read_file(home.dir.path() / "runs").value_or("") == "run\n");

  ran = must(claim->run(once(home, "echo two"), soon()));
  CHECK(ran.ok());
  CHECK(ran.said == std::vector<std::string>{"two"});  // of this run alone
  must(claim->start(home.workload("echo hello; exec sleep 1000", 2), soon()));
  must(claim->finish());
  claim.reset();
  CHECK(home.status().want == 2);
  CHECK(home.state() == "live");
  // Both are in the logs, each under its name
  const auto reader = must(home.engine.logs(k_set, {}, soon()));
  REQUIRE(reader);
  std::string said;
  while (!reader->at_end())
    for (const auto& line : must(reader->next(Millis(100))))
      if (!line.engine) said += line.unit + "/" + line.process + ": " + line.text + "\n";
  CHECK(said.contains("release/release: no table\n"));
  CHECK(said.contains("release/release: two\n"));
}

TEST_CASE("only one command, called release, can be run once") {
  LocalHome home;
  const auto claim = claimed(home);
  CHECK_FALSE(claim->run(home.workload("true"), soon()));
  auto two = once(home, "true");
  two.processes.front().units = 2;
  CHECK_FALSE(claim->run(two, soon()));
}

TEST_CASE("a command that is run once leaves nothing behind") {
  const bool without = GENERATE(false, true);
  const NoCgroup off(without);
  LocalHome home;
  const auto claim = claimed(home);
  const auto ran = must(claim->run(once(home, "setsid sleep " + k_word + " & echo done"), soon()));
  CHECK(ran.ok());
  CHECK(home.processes_with(k_word) == 0);
}

TEST_CASE("a command that is run once has until the deadline, and its grace") {
  LocalHome home;
  const auto claim = claimed(home);
  const auto ran = must(claim->run(
      once(home, "trap 'echo stopping; exit 0' TERM; echo x > begun; while :; do sleep 0.05; done"),
      Deadline(Millis(3000))));
  CHECK(ran.exit == ExitCode::timeout);
  CHECK(ran.end == "it was not done within 3s");
  REQUIRE_FALSE(ran.said.empty());
  CHECK(ran.said.back() == "stopping");  // its shell may say more
  CHECK(home.processes_with("begun") == 0);
}

TEST_CASE("a cut ends what is run once, and a set that is cut runs nothing") {
  LocalHome home;
  auto claim = claimed(home);
  auto running = std::async(std::launch::async, [&] {
    return claim->run(once(home, "echo x > begun; exec sleep " + k_word), soon());
  });
  REQUIRE(begun(home));
  CHECK(must(home.engine.cut(k_set, soon())).changed);
  const auto ran = must(running.get());
  CHECK(ran.exit == ExitCode::refused);
  CHECK(home.processes_with(k_word) == 0);

  const auto again = claim->run(once(home, "echo x > again"), soon());
  REQUIRE_FALSE(again);
  CHECK(again.error().exit == ExitCode::refused);
  CHECK(again.error().what.contains("cdctl mend " + k_set.str()));
  CHECK_FALSE(std::filesystem::exists(home.dir.path() / "again"));
  must(home.engine.mend(k_set, false, soon()));
  CHECK(must(claim->run(once(home, "echo x > again"), soon())).ok());
}

TEST_CASE("what is run once ends with the deploy that was killed") {
  LocalHome home;
  const auto deploy = ::fork();
  if (deploy == 0) {
    auto claim = home.engine.claim(k_set, some_sources(), now(), soon());
    if (claim) (void)(*claim)->run(once(home, "echo x > begun; exec sleep " + k_word), soon());
    ::_exit(0);
  }
  REQUIRE(begun(home));
  ::kill(deploy, SIGKILL);
  ::waitpid(deploy, nullptr, 0);
  CHECK(eventually([&] { return home.processes_with(k_word) == 0; }));
  CHECK(eventually([&] { return home.status().detail["supervisor_pid"].is_null(); }));
  const auto status = home.status();
  CHECK(status.state == "partial");
  CHECK(status.want == 0);
  CHECK(status.why_down.starts_with("release command: signal 15"));
  // The next one starts from here
  CHECK(must(claimed(home)->run(once(home, "true"), soon())).ok());
}
