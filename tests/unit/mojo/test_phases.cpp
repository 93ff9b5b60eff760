#include <catch2/catch.hpp>

#include <algorithm>
#include <csignal>
#include <sstream>

#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <cdctl/set_name.hpp>
#include <cdctl/source.hpp>

#include "plugins/mojo/manifest/phase_table.hpp"
#include "plugins/mojo/run/script.hpp"
#include "plugins/mojo/text/mask.hpp"
#include "tests/support/mojo_stand.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::Stand;
namespace fs = std::filesystem;

namespace {

/// An engine that only answers how the units are: what the test says, one answer after the other,
/// the last for ever.
class FakeEngine final : public Engine {
 public:
  struct Answer {
    std::int64_t want, up, restarts;
    bool cut = false;
  };
  std::vector<Answer> answers;
  std::size_t looks = 0;

  std::string do_home() const override { return "test"; }
  Result<std::vector<SetStatus>> do_list(std::optional<std::string_view>,
                                         const Deadline&) override {
    return std::vector<SetStatus>();
  }
  Result<SetStatus> do_describe(const SetName& set, const Deadline&) override {
    const auto& answer = answers[std::min(looks++, answers.size() - 1)];
    SetStatus out;
    out.name = set;
    out.want = answer.want;
    out.up = answer.up;
    out.world_cut = answer.cut;
    auto units = Json::array();
    units.push_back(Json::object({{"restarts", answer.restarts}}));
    out.detail.set("units", std::move(units));
    return out;
  }
  Result<std::unique_ptr<Claim>> do_claim(const SetName&, const Sources&, Time,
                                          const Deadline&) override {
    return fail("not asked for");
  }
  Result<Step> do_cut(const SetName&, const Deadline&) override { return fail("not asked for"); }
  Result<Step> do_mend(const SetName&, bool, const Deadline&) override {
    return fail("not asked for");
  }
  Result<Step> do_stop(const SetName&, Millis, const Deadline&) override {
    return fail("not asked for");
  }
  Result<Step> do_destroy(const SetName&, const Deadline&) override {
    return fail("not asked for");
  }
};

unsigned mode_of(const fs::path& path) {
  struct stat info{};
  return ::stat(path.c_str(), &info) == 0 ? info.st_mode & 07777 : 0;
}

std::string why(Stand& stand) {
  const auto done = stand.deploy();
  return done ? "" : done.error().what;
}

}  // namespace

TEST_CASE(
    "stop-on ends the run before anything was deployed, and says that it will be offered again") {
  Stand stand;
  stand.with_spec("stop-on config=frozen.sh\nscript config=mark.sh\ndeploy\n");
  stand.script("frozen.sh", "exit 99\n");
  stand.script("mark.sh", "touch " + (stand.dir.path() / "ran").string() + "\n");
  const auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::refused);
  CHECK(done.error().what.contains("a stop-on phase ended the run before anything was deployed"));
  CHECK_FALSE(fs::exists(stand.dir.path() / "ran"));
}

TEST_CASE(
    "stop-on goes on at exit status 0, stops at its own return-code, and fails at any other") {
  Stand stand;
  stand.with_spec("deploy\nstop-on config=ask.sh return-code=3\nverify config=never.sh\n");
  stand.script("never.sh", "exit 1\n");
  stand.script("ask.sh", "exit 3\n");
  CHECK(why(stand).empty());
  stand.script("ask.sh", "exit 99\n");
  CHECK(why(stand).starts_with("manifest:2: stop-on ask.sh: exit status 99"));
  stand.script("ask.sh", "exit 0\n");
  CHECK(why(stand).starts_with("manifest:3: verify never.sh: exit status 1"));
  stand.with_spec("stop-on config=ask.sh return-code=300\ndeploy\n");
  CHECK(why(stand).contains("return-code '300' is no exit status from 0 to 255"));
}

TEST_CASE("include puts the lines of another manifest in its place, with its words") {
  Stand stand;
  stand.with_spec("include config=common/setup WHO=them\ndeploy\n");
  stand.spec.write("common/setup", "script config=say.sh\nscript config=say-${WHO}.sh WHO=us\n");
  stand.script("say.sh", "echo \"say $WHO\" >> \"$MOJO_LOCAL_DIR/said\"\n");
  stand.script("say-them.sh", "echo \"them $WHO\" >> \"$MOJO_LOCAL_DIR/said\"\n");
  REQUIRE_DONE(stand.deploy());
  CHECK(stand.text(stand.work("local/said")) == "say them\nthem us\n");
  stand.script("say-them.sh", "exit 4\n");
  CHECK(why(stand).starts_with("common/setup:2: script say-them.sh: exit status 4"));
  stand.spec.write("common/setup", "include config=manifest\n");
  CHECK(why(stand).contains("includes itself"));
  stand.with_spec("include config=gone\ninclude\ndeploy\n");
  const auto text = why(stand);
  CHECK(text.contains("manifest:1:9: there is no 'gone' in the spec"));
  CHECK(text.contains("manifest:2: include needs config=FILE"));
}

TEST_CASE("the project's secrets reach the workspace privately, and no log") {
  Stand stand;
  const auto folder = stand.host.home() / "mojo/LOCAL/thumbs/production";
  fs::create_directories(folder / "tls");
  REQUIRE(write_file_atomically(
      folder / "settings", "user: alice\npassword: \"hunter2hunter2\"\nTOKEN=abcdefghij\n", 0644));
  REQUIRE(write_file_atomically(folder / "tls/key.pem",
                                "-----BEGIN-----\nMIIEvQIBADANBg\n-----END-----\n", 0644));
  stand.service.table = Json::object({{"mojo", Json::object({{"stage", "production"}})}});
  stand.with_spec("secrets\nscript config=leak.sh\ndeploy\n");
  stand.script("leak.sh",
               "cat \"$MOJO_LOCAL_DIR/settings\" \"$MOJO_LOCAL_DIR/tls/key.pem\"\nprintf 'half "
               "hunter2'\nsleep 0.1\necho 'hunter2 end'\nexit ${LEAK_EXIT:-0}\n");
  REQUIRE_DONE(stand.deploy());
  CHECK(mode_of(stand.work("local")) == 0700);
  CHECK(mode_of(stand.work("local/tls")) == 0700);
  CHECK(mode_of(stand.work("local/settings")) == 0600);
  CHECK(mode_of(stand.work("local/tls/key.pem")) == 0600);
  const auto log =
      stand.text(stand.work("log/2-script.log")) + stand.text(stand.work("log/mojo.log"));
  for (const auto* secret : {"hunter2hunter2", "abcdefghij", "MIIEvQIBADANBg"}) {
    INFO(log);
    CHECK_FALSE(log.contains(secret));
    for (const auto& line : stand.host.logged) CHECK_FALSE(line.contains(secret));
  }
  CHECK(log.contains("half *** end"));
  ::setenv("LEAK_EXIT", "3", 1);
  const auto text = why(stand);
  ::unsetenv("LEAK_EXIT");
  CHECK(text.contains("exit status 3"));
  CHECK_FALSE(text.contains("hunter2hunter2"));
}

TEST_CASE("what a secrets file holds is masked in every form that people write") {
  Mask mask;
  mask.add_text(
      "plain-token-1\nKEY=env-secret-2\npw: yaml-secret-3 # of the staging broker\n- "
      "list-secret-4\n{flow: flow-secret-5, \"j\":\"json-secret-6\"}\n"
      "url: amqp://alice:url-secret-7@broker/\nMIIEvQIBADANBgkq==\nshort: abc\n");
  const auto shown = mask.apply(
      "plain-token-1 env-secret-2 yaml-secret-3 list-secret-4 flow-secret-5 json-secret-6 "
      "url-secret-7 MIIEvQIBADANBgkq== abc");
  CHECK(shown == "*** *** *** *** *** *** *** *** abc");
  CHECK(mask.apply("of the staging broker") == "of the staging broker");
}

TEST_CASE("a line without an end is written in pieces, and no secret in two") {
  Stand stand;
  ::setenv("DEMO_TOKEN", "hunter2secret", 1);
  stand.with_spec("script config=long.sh\ndeploy\n");
  stand.script("long.sh",
               "i=0\nwhile [ $i -lt 3000 ]; do printf '%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,' $DEMO_TOKEN "
               "$DEMO_TOKEN $DEMO_TOKEN $DEMO_TOKEN $DEMO_TOKEN $DEMO_TOKEN $DEMO_TOKEN "
               "$DEMO_TOKEN $DEMO_TOKEN $DEMO_TOKEN; i=$((i+1)); done\n");
  const auto done = stand.deploy();
  ::unsetenv("DEMO_TOKEN");
  REQUIRE_DONE(done);
  const auto log = stand.text(stand.work("log/mojo.log"));
  CHECK(log.size() > 100'000);
  CHECK_FALSE(log.contains("hunter2secret"));
  CHECK_FALSE(log.contains("ter2sec"));
}

TEST_CASE("secrets that lead out of their folder are refused") {
  Stand stand;
  const auto folder = stand.host.home() / "mojo/LOCAL/thumbs";
  fs::create_directories(folder);
  fs::create_symlink("/etc/passwd", folder / "out");
  stand.with_spec("deploy\n");
  CHECK(why(stand).contains("leads out of"));
}

TEST_CASE("without a stage the secrets of the stages stay where they are") {
  Stand stand;
  const auto folder = stand.host.home() / "mojo/LOCAL/thumbs";
  fs::create_directories(folder / "production");
  REQUIRE(write_file_atomically(folder / "common", "for-all-of-them\n"));
  REQUIRE(write_file_atomically(folder / "production/token", "for-production\n"));
  stand.with_spec("deploy\n");
  CHECK(why(stand).empty());
  CHECK(fs::exists(stand.work("local/common")));
  CHECK_FALSE(fs::exists(stand.work("local/production")));
}

TEST_CASE("repo copies collected charms by name, and every charm goes there by itself") {
  Stand stand;
  stand.service.table = Json::object({{"mojo", Json::object({{"series", "noble"}})}});
  stand.spec.write("charms/one/metadata.yaml", "name: one\n");
  stand.spec.write("charms/two/notes", "no charm\n");
  stand.spec.write("collect", "one charms/one\ntwo charms/two\n");
  stand.with_spec("collect\ndeploy\n");
  REQUIRE_DONE(stand.deploy());
  CHECK(fs::exists(stand.work("repo/noble/one/metadata.yaml")));
  CHECK_FALSE(fs::exists(stand.work("repo/noble/two")));
  stand.with_spec("collect\nrepo\ndeploy\n");
  stand.spec.write("repo", "# charms\none\ntwo\n");
  REQUIRE_DONE(stand.deploy());
  CHECK(fs::exists(stand.work("repo/noble/two/notes")));
  stand.spec.write("repo", "three\n../evil\n");
  CHECK(why(stand).contains("repo:2:1: '../evil' is no name"));
  stand.spec.write("repo", "three\n");
  CHECK(why(stand).contains("there is no folder three in the build folder"));
}

TEST_CASE("builddeps says which packages are missing, and how to install them") {
  Stand stand;
  stand.with_spec("builddeps\ndeploy\n");
  stand.spec.write("builddeps", "# what the build needs\ndpkg\nno-such-package-of-ours\n");
  CHECK(why(stand).contains(
      "packages are missing: apt-get install no-such-package-of-ours; or say install=True"));
  stand.spec.write("builddeps", "dpkg\n");
  CHECK(why(stand).empty());
  stand.spec.write("builddeps", "--purge\n");
  CHECK(why(stand).contains("'--purge' is no name"));
}

TEST_CASE(
    "juju-check-wait waits until all units have been up for a while, and restarts begin it anew") {
  Stand stand;
  FakeEngine engine;
  stand.host.engines["local"] = &engine;
  stand.with_spec("deploy\njuju-check-wait steady=1 max-wait=20\n");
  engine.answers = {{3, 1, 0}, {3, 3, 0}, {3, 3, 1}, {3, 3, 1}};
  const auto begun = std::chrono::steady_clock::now();
  REQUIRE_DONE(stand.deploy());
  CHECK(std::chrono::steady_clock::now() - begun >= std::chrono::seconds(1));
  CHECK(std::ranges::any_of(stand.host.logged, [](const std::string& line) {
    return line.contains("1 of 3 units of thumbs-r0123456789 up");
  }));
  engine.answers = {{3, 2, 0}};
  stand.with_spec("deploy\njuju-check-wait steady=1 max-wait=1\n");
  const auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::timeout);
  CHECK(done.error().what.contains("the units were not steady in time: 2 of 3 units"));
}

TEST_CASE("nobody waits for units that were cut off meanwhile") {
  Stand stand;
  FakeEngine engine;
  engine.answers = {{2, 1, 0}, {2, 1, 0, true}};
  stand.host.engines["local"] = &engine;
  stand.with_spec("deploy\njuju-check-wait steady=1 max-wait=60\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::failed);
  CHECK(done.error().what.contains("the set was cut off while its units came up: 1 of 2 units"));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(30));
}

TEST_CASE("deploy waits only when it is told to") {
  Stand stand;
  FakeEngine engine;
  engine.answers = {{1, 0, 0}};
  stand.host.engines["local"] = &engine;
  stand.with_spec("deploy wait=False delay=0 timeout=2\n");
  CHECK(why(stand).empty());
  CHECK(engine.looks == 0);
  stand.with_spec("deploy wait=True timeout=2\n");
  CHECK(why(stand).contains("0 of 1 units"));
}

TEST_CASE("nagios-check fails when a unit is down, or a check of an NRPE file is bad") {
  Stand stand;
  FakeEngine engine;
  stand.host.engines["local"] = &engine;
  stand.with_spec("deploy\nnagios-check\n");
  engine.answers = {{2, 2, 0}};
  CHECK(why(stand).empty());
  engine.answers = {{2, 1, 0}};
  CHECK(why(stand) == "manifest:2: nagios-check: 1 of 2 units of thumbs-r0123456789 up");
  stand.with_spec("deploy\nnagios-check config=nrpe.cfg\n");
  stand.spec.write("nrpe.cfg",
                   "# checks\ncommand[check_ok]=/bin/sh -c 'exit 0'\ncommand[check_bad]=/bin/sh -c "
                   "'echo \"CRITICAL: 3 bad\"; exit 2'\n");
  CHECK(why(stand).contains("check_bad: exit status 2: CRITICAL: 3 bad"));
  stand.spec.write("nrpe.cfg", "command[open=/bin/true\n");
  CHECK(why(stand).contains("nrpe.cfg:1: not of the form command[NAME]"));
}

TEST_CASE("two deploy phases start the units of both") {
  Stand stand;
  stand.with_spec("deploy\ndeploy config=Procfile.more\n");
  stand.spec.write("Procfile.more", "clock: ./clock\n");
  REQUIRE_DONE(stand.deploy());
  REQUIRE(stand.claim.started.size() == 2);
  REQUIRE(stand.claim.started[1].processes.size() == 2);
  CHECK(stand.claim.started[1].processes[0].type == "worker");
  CHECK(stand.claim.started[1].processes[1].type == "clock");
}

TEST_CASE(
    "a phase that hangs leaves no process, not even one in a session of its own that ignores "
    "TERM") {
  Stand stand;
  const auto pids = (stand.dir.path() / "pids").string();
  stand.with_spec("script config=hang.sh timeout=1\ndeploy\n");
  stand.script("hang.sh", "trap '' TERM\nsetsid sh -c \"trap '' TERM; echo \\$\\$ >> " + pids +
                              "; sleep 300\" &\n(trap '' TERM; sleep 300) & echo $! >> " + pids +
                              "\necho $$ >> " + pids + "\nwhile :; do sleep 1; done\n");
  const auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::timeout);
  std::istringstream list(stand.text(pids));
  int count = 0;
  for (pid_t pid = 0; list >> pid; ++count) {
    INFO(pid);
    const auto state = read_file("/proc/" + std::to_string(pid) + "/stat");
    CHECK((!state || state->contains(") Z ")));
  }
  CHECK(count == 3);
}

TEST_CASE("an installed mojo runs the manifest when the service says so") {
  Stand stand;
  const auto bin = stand.dir.path() / "bin";
  fs::create_directories(bin);
  REQUIRE(write_file_atomically(
      bin / "mojo", "#!/bin/sh\necho \"$@\" > \"$MOJO_LOCAL_DIR/called\"\nexit ${MOJO_EXIT:-0}\n",
      0755));
  const std::string path = std::getenv("PATH");
  stand.service.table = Json::object(
      {{"mojo", Json::object({{"runner", "mojo"}, {"series", "noble"}, {"stage", "prod"}})}});
  stand.with_spec("script config=never.sh\n");
  stand.script("never.sh", "touch \"$MOJO_LOCAL_DIR/ran\"\n");
  CHECK(why(stand).contains("no program mojo is on PATH"));
  ::setenv("PATH", (bin.string() + ":" + path).c_str(), 1);
  CHECK(why(stand).empty());
  CHECK(stand.text(stand.work("local/called")) ==
        fmt::format("-r {} run --project thumbs --series noble --stage prod -m manifest {} "
                    "thumbs-r0123456789\n",
                    (stand.host.home() / "mojo").string(), stand.work("spec").string()));
  CHECK_FALSE(fs::exists(stand.work("local/ran")));
  CHECK(stand.claim.started.size() == 1);
  ::setenv("MOJO_EXIT", "5", 1);
  CHECK(why(stand).starts_with("the installed mojo: exit status 5"));
  ::unsetenv("MOJO_EXIT");
  ::setenv("PATH", path.c_str(), 1);
}

TEST_CASE("every phase has a row, and each row its options") {
  for (const auto& rule : phase_rules()) {
    INFO(rule.name);
    CHECK(phase_rule(rule.name) == &rule);
    CHECK_FALSE(rule.summary.empty());
    for (const auto& option : rule.options) CHECK(option_rule(rule, option.name) == &option);
  }
  CHECK(unknown_phase("delpoy") == "'delpoy' is no phase; did you mean deploy?");
  CHECK(unknown_phase("x").contains("phases are: collect builddeps"));
}

TEST_CASE("the manual names every phase with every option") {
  const auto manual = read_file(CDCTL_SOURCE_DIR "/docs/mojo.md");
  REQUIRE(manual);
  const auto table = manual->substr(manual->find("## The phases"),
                                    manual->find("### Units") - manual->find("## The phases"));
  for (const auto& rule : phase_rules()) {
    INFO(rule.name);
    const auto name = fmt::format("`{}`", rule.name);
    std::istringstream lines(table);
    std::string row;
    while (std::getline(lines, row) &&
           !(row.starts_with("| `") && row.substr(0, row.find(" | ", 2)).contains(name)))
      continue;
    REQUIRE(row.contains(name));
    for (const auto& option : rule.options) {
      INFO(option.name);
      CHECK((option.name == "timeout" || row.contains(fmt::format("`{}`", option.name))));
    }
  }
}
