#include <fcntl.h>
#include <sys/stat.h>

#include <fmt/format.h>

#include <cdctl/fs.hpp>

#include "tests/support/local_home.hpp"

using namespace cdctl;
using namespace cdctl::test;

namespace {

/// Says what the test has it say, and has a process of its own write down what it hears: one that
/// holds the line as well.
constexpr const char* k_keeper =
    "#!/bin/sh\n"
    "exec 3<&0\n"
    "(while read -r line; do echo \"$line\" >>\"$1/heard\"; done; echo end >>\"$1/heard\"\n"
    "kill -9 $$) <&3 >/dev/null &\n"
    "exec 3<&-\n"
    "echo $$ >\"$1/keeper.new\" && mv \"$1/keeper.new\" \"$1/keeper\"\n"
    "exec cat \"$1/say\"\n";
/// Says when it is ready to be told to end.
constexpr const char* k_beat =
    "trap 'sleep 0.3; echo bye >>ended; exit 0' TERM; echo up >>started; while :; do sleep 0.05; "
    "done";

/// A set with a worker, and a beat that its keeper lets run.
class KeptHome : public LocalHome {
 public:
  explicit KeptHome(const char* command = k_beat) {
    const auto program = dir.path() / "keeper.sh";
    must(write_file_atomically(program, k_keeper, 0700));
    REQUIRE(::mkfifo((dir.path() / "say").c_str(), 0600) == 0);
    say_ = Fd(::open((dir.path() / "say").c_str(), O_RDWR | O_CLOEXEC));
    auto claim = must(engine.claim(k_set, some_sources(), now(), soon()));
    must(claim->clean(soon()));
    must(claim->keep("beat", {{program.string(), dir.path().string()}}));
    auto what = workload("exec sleep 1000");
    what.processes.push_back({"beat", command, 1});
    must(claim->start(what, soon()));
    must(claim->finish());
    keeper_started();
  }
  void say(const std::string& line) {
    REQUIRE(::write(say_.get(), (line + "\n").data(), line.size() + 1) ==
            static_cast<ssize_t>(line.size() + 1));
  }
  std::string text(const char* file) {
    return must(read_file_if_there(dir.path() / file)).value_or("");
  }
  /// The pid of a keeper that runs, once `before` hears nothing any more.
  std::string keeper_started(const std::string& before = "") {
    std::string out;
    REQUIRE((before.empty() || eventually([&] { return ::kill(std::stoi(before), 0) != 0; })));
    REQUIRE(eventually([&] { return !(out = text("keeper")).empty() && out != before; }));
    return out;
  }
  std::string beat() {
    const auto now = status();
    for (const auto& one : now.detail["units"].items())
      if (one["process"].view() == "beat") return one["state"].as_string();
    return "none";
  }
  pid_t beat_pid() { return static_cast<pid_t>(unit(1)["pid"].as_int()); }
  bool is(const char* state) {
    return eventually([&] { return beat() == state; });
  }
  /// Whether it has begun for the so manieth time, and is up.
  bool begins(int time) {
    std::string want;
    for (int i = 0; i < time; ++i) want += "up\n";
    return eventually([&] { return text("started") == want; }) && is("up");
  }
  bool heard(const std::string& last) {
    return eventually([&] { return text("heard").ends_with(last + "\n"); });
  }

 private:
  Fd say_;
};

}  // namespace

TEST_CASE("what waits for its turn does not run, and its set is live without it") {
  KeptHome home;
  REQUIRE(home.is("waiting"));
  const auto status = home.status();
  CHECK(status.state == "live");
  CHECK(status.want == 1);
  CHECK(status.up == 1);
  CHECK(status.processes == UnitCounts{{"beat", 1}, {"worker", 1}});
  CHECK(status.why_down.empty());
  CHECK(home.text("started").empty());
  home.say("yours");
  REQUIRE(home.is("up"));
  CHECK(home.heard(fmt::format("guard {}", home.beat_pid())));
  CHECK(home.status().want == 2);
}

TEST_CASE("for a newer set a unit ends by its own words, and then its keeper may let go") {
  KeptHome home;
  home.say("yours");
  REQUIRE(home.begins(1));
  home.say("asked thumbs-r9999999999");
  REQUIRE(home.heard("guard 0\nfree"));
  CHECK(home.text("ended") == "bye\n");
  CHECK(home.is("waiting"));
  CHECK(home.text("started") == "up\n");
  home.say("yours");
  CHECK(home.begins(2));
}

TEST_CASE("whose turn is lost is killed at once, and waits") {
  for (const bool without : {false, true}) {
    const NoCgroup no_cgroup(without);
    KeptHome home;
    home.say("yours");
    REQUIRE(home.begins(1));
    home.say("lost the broker does not answer");
    REQUIRE(home.is("waiting"));
    CHECK(home.text("ended").empty());
    // So it is when its keeper dies; a new one is started, and the unit waits for that
    home.say("yours");
    REQUIRE(home.begins(2));
    const auto keeper = home.text("keeper");
    const auto beat = home.beat_pid();
    REQUIRE(::kill(std::stoi(keeper), SIGKILL) == 0);
    CHECK(eventually([&] { return ::kill(beat, 0) != 0; }));
    home.keeper_started(keeper);
    CHECK(home.is("waiting"));
    CHECK(home.text("ended").empty());
    CHECK(home.text("started") == "up\nup\n");
  }
}

TEST_CASE("a unit that dies in its turn is started again in it") {
  KeptHome home;
  home.say("yours");
  REQUIRE(home.begins(1));
  const auto before = home.beat_pid();
  REQUIRE(::kill(before, SIGKILL) == 0);
  REQUIRE(eventually([&] { return home.unit(1)["restarts"].as_int() == 1; }));
  REQUIRE(home.begins(2));
  CHECK(home.beat_pid() != before);
  CHECK(home.heard(fmt::format("guard {}", home.beat_pid())));
}

TEST_CASE("what a unit has left behind is guarded until it is gone") {
  KeptHome home("sh -c 'trap \"\" TERM; echo $$ >helper; exec sleep 1000' & wait");
  home.say("yours");
  REQUIRE(home.is("up"));
  REQUIRE(eventually([&] { return home.text("helper").ends_with("\n"); }));
  const auto helper = std::stoi(home.text("helper"));
  const auto guarded = fmt::format("guard {}\n", home.beat_pid());
  REQUIRE(::kill(home.beat_pid(), SIGKILL) == 0);
  REQUIRE(home.is("backoff"));
  std::this_thread::sleep_for(Millis(300));  // longer than it takes to start one that has left none
  CHECK(home.beat() == "backoff");
  CHECK(home.text("heard").ends_with(guarded));
  REQUIRE(::kill(helper, SIGKILL) == 0);
  REQUIRE(home.is("up"));
  CHECK(home.heard(fmt::format("guard 0\nguard {}", home.beat_pid())));
}

TEST_CASE("what was cut makes no step before it is its turn again") {
  for (const bool thaw : {true, false}) {
    for (const bool without : {false, true}) {
      const NoCgroup no_cgroup(without);
      KeptHome home;
      home.say("yours");
      REQUIRE(home.begins(1));
      const auto keeper = home.text("keeper");
      const auto beat = home.beat_pid();
      must(home.engine.cut(k_set, soon()));
      must(home.engine.mend(k_set, thaw, soon()));
      CHECK(eventually([&] { return ::kill(beat, 0) != 0; }));
      home.keeper_started(keeper);
      CHECK(home.is("waiting"));
      CHECK(home.text("started") == "up\n");
      CHECK(home.text("ended").empty());
      home.say("yours");
      CHECK(home.begins(2));
      CHECK(home.status().state == "live");
    }
  }
}

TEST_CASE("what is scaled away or reaped gives its turn back when it has ended") {
  KeptHome home;
  home.say("yours");
  REQUIRE(home.begins(1));
  must(home.engine.scale(k_set, {{"beat", 0}}, soon()));
  REQUIRE(home.heard("guard 0\nfree\nend"));
  CHECK(home.text("ended") == "bye\n");
  CHECK(home.status().processes == UnitCounts{{"beat", 0}, {"worker", 1}});
  const auto keeper = home.text("keeper");
  must(home.engine.scale(k_set, {{"beat", 1}}, soon()));
  home.keeper_started(keeper);
  REQUIRE(home.is("waiting"));
  home.say("yours");
  REQUIRE(home.begins(2));
  must(home.reap(Millis(10'000)));
  CHECK(home.heard("guard 0\nfree\nend"));
  CHECK(home.text("ended") == "bye\nbye\n");
}

TEST_CASE("a trial leaves what the service runs one of where it is") {
  KeptHome home;
  must(home.engine.cut(k_set, soon()));
  must(home.engine.mend_some(k_set, soon()));
  CHECK(home.beat() == "exited");
  CHECK(home.status().state == "live");
  must(home.engine.mend(k_set, false, soon()));
  CHECK(home.is("waiting"));
}
