#include <catch2/catch.hpp>

#include <csignal>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/digest.hpp>

#include "tests/support/mojo_stand.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::FakeClaim;
using cdctl::test::GitRepo;
using cdctl::test::Stand;
namespace fs = std::filesystem;

TEST_CASE("without a spec the trunk's Procfile is deployed from its checkout") {
  Stand stand;
  stand.service.units = {{"worker", 3}};
  REQUIRE_DONE(stand.deploy(false));
  REQUIRE(stand.claim.started.size() == 1);
  const auto& workload = stand.claim.started[0];
  CHECK(workload.directory == stand.work("sources/trunk"));
  REQUIRE(workload.processes.size() == 1);
  CHECK(workload.processes[0].units == 3);
  CHECK(workload.env.at("AMQP_URL") == stand.env.at("AMQP_URL"));
  CHECK(workload.env.at("CDCTL_SOURCE_TRUNK") == stand.work("sources/trunk").string());
  CHECK(workload.env.at("CDCTL_SOURCE_TRUNK_REVISION") == stand.trunk.head());
}

TEST_CASE("a release command is run before the units, as one of them") {
  const bool manifest = GENERATE(false, true);
  Stand stand;
  stand.trunk.write("Procfile", "release: ./migrate\nworker: ./run.sh\n");
  if (manifest) stand.with_spec("deploy\n");
  REQUIRE_DONE(stand.deploy(manifest));
  REQUIRE(stand.claim.ran.size() == 1);
  const auto& ran = stand.claim.ran[0];
  REQUIRE(ran.processes.size() == 1);
  CHECK(ran.processes[0].type == "release");
  CHECK(ran.processes[0].command == "./migrate");
  CHECK(stand.hidden == "***");
  REQUIRE(stand.claim.started.size() == 1);
  const auto& started = stand.claim.started[0];
  REQUIRE(started.processes.size() == 1);
  CHECK(started.processes[0].type == "worker");
  CHECK(ran.directory == started.directory);
  CHECK(ran.env == started.env);

  stand.service.units = {{"worker", 1}, {"release", 1}};
  const auto refused = stand.deploy(manifest);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what.contains("which is no unit"));
  CHECK(stand.claim.ran.size() == 1);
}

TEST_CASE("a manifest is run from top to bottom with Mojo's environment") {
  Stand stand;
  stand.service.table =
      Json::object({{"mojo", Json::object({{"stage", "lp/production"}, {"series", "noble"}})}});
  stand.spec.write("lp/production/here", "x");
  stand.with_spec(
      "collect\nbuild config=build.sh\nscript config=env.sh WORD='a  b'\ndeploy\nverify "
      "config=verify.sh\n");
  stand.spec.write("collect", "app git+file://" + stand.trunk.url() + "\nempty @\nlocal lp\n");
  stand.script("build.sh",
               "echo built > \"$MOJO_BUILD_DIR/app/artefact\"\npwd > \"$MOJO_LOCAL_DIR/pwd\"\n");
  stand.script("env.sh", "env > \"$MOJO_LOCAL_DIR/env\"\n");
  stand.script("verify.sh",
               "test \"$(cat \"$CDCTL_SOURCE_TRUNK/artefact\")\" = built && test -f "
               "\"$MOJO_BUILD_DIR/local/production/here\" && test -d \"$MOJO_BUILD_DIR/empty\"\n");
  ::setenv("AMQP_URL", "amqp://from-our-own-environment", 1);
  const auto done = stand.deploy();
  ::unsetenv("AMQP_URL");
  REQUIRE_DONE(done);
  REQUIRE(stand.claim.started.size() == 1);
  CHECK(stand.text(stand.work("local/pwd")) == stand.work("spec/lp/production").string() + "\n");
  const auto env = "\n" + stand.text(stand.work("local/env"));
  for (const auto& line :
       {std::string("MOJO_PROJECT=thumbs"), std::string("MOJO_SERIES=noble"),
        std::string("MOJO_WORKSPACE=thumbs-r0123456789"), std::string("MOJO_STAGE=lp/production"),
        "MOJO_SPEC=" + stand.spec.url(), "MOJO_SPEC_DIR=" + stand.work("spec").string(),
        "MOJO_BUILD_DIR=" + stand.work("build").string(),
        "MOJO_REPO_DIR=" + stand.work("repo").string(),
        "MOJO_LOCAL_DIR=" + stand.work("local").string(), std::string("WORD=a  b"),
        std::string("CDCTL_SERVICE=thumbs"), std::string("CDCTL_REVISION=r0123456789"),
        std::string("CDCTL_SET=thumbs-r0123456789"),
        "CDCTL_SOURCE_SPEC=" + stand.work("spec").string(),
        "CDCTL_SOURCE_TRUNK_REVISION=" + stand.trunk.head(),
        "MOJO_LOGFILE=" + stand.work("log/mojo.log").string(),
        "MOJO_ROOT=" + (stand.host.home() / "mojo").string()}) {
    INFO(line);
    CHECK(env.contains("\n" + line + "\n"));
  }
  CHECK_FALSE(env.contains("AMQP_URL"));
  CHECK(fs::exists(stand.work("log/2-build.log")));
  struct stat info{};
  REQUIRE(::stat(stand.work("local").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  REQUIRE(::stat(stand.work("log/2-build.log").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
}

TEST_CASE("nothing runs when anything in the manifest is wrong") {
  Stand stand;
  stand.with_spec("script config=mark.sh\ndeploy\nverify config=gone.sh\n");
  stand.script("mark.sh", "touch " + (stand.dir.path() / "ran").string() + "\n");
  auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::config);
  CHECK(done.error().what.contains("manifest:3:8: there is no 'gone.sh' in the spec"));
  stand.script("gone.sh", "exit 0\n");
  stand.service.units = {{"no-such-type", 1}};
  done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().what.contains("no-such-type"));
  CHECK_FALSE(fs::exists(stand.dir.path() / "ran"));
  CHECK(stand.claim.started.empty());
}

TEST_CASE("a failed phase names its line, how it ended and its last words, without secrets") {
  Stand stand;
  stand.with_spec("\nscript config=fail.sh\ndeploy\n");
  stand.script(
      "fail.sh",
      "echo first\necho 'password is s3cretpass, url amqp://thumbs:s3cretpass@broker/'\necho "
      "\"$DEMO_TOKEN\" >&2\nprintf 'last\\007'\nexit 3\n");
  ::setenv("DEMO_TOKEN", "tok-1234567", 1);
  const auto done = stand.deploy();
  ::unsetenv("DEMO_TOKEN");
  REQUIRE_FALSE(done);
  INFO(done.error().what);
  CHECK(done.error().what.starts_with("manifest:2: script fail.sh: exit status 3; last output: "));
  CHECK(done.error().what.contains("password is ***, url ***"));
  CHECK_FALSE(done.error().what.contains("s3cretpass"));
  CHECK_FALSE(done.error().what.contains("tok-1234567"));
  CHECK(done.error().what.find_first_of("\n\a") == std::string::npos);
  for (const auto& line : stand.host.logged) CHECK_FALSE(line.contains("s3cretpass"));
  CHECK(stand.claim.started.empty());
}

TEST_CASE("a phase that hangs is ended at its timeout, with all that it started") {
  Stand stand;
  const auto mark = (stand.dir.path() / "mark").string();
  stand.with_spec("script config=hang.sh timeout=1\ndeploy\n");
  stand.script("hang.sh",
               "(trap '' TERM; sleep 60; touch " + mark + ") &\necho waiting\nsleep 60\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::timeout);
  CHECK(done.error().what.contains("waiting"));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(15));
}

TEST_CASE("the deadline of the deploy bounds a longer timeout of a phase") {
  Stand stand;
  stand.patience = Millis(2000);
  stand.with_spec("sleep config=60\ndeploy\n");
  const auto begun = std::chrono::steady_clock::now();
  const auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().exit == ExitCode::timeout);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(15));
}

TEST_CASE("a file source is copied privately, and refused when it changed meanwhile") {
  Stand stand;
  const auto file = stand.dir.path() / "thumbs.env";
  REQUIRE(write_file_atomically(file, "KEY=secret\n"));
  stand.source("my-config", "file", file.string(), sha256_hex("KEY=secret\n"));
  REQUIRE_DONE(stand.deploy(false));
  CHECK(stand.text(stand.work("sources/my-config")) == "KEY=secret\n");
  CHECK(stand.claim.started[0].env.at("CDCTL_SOURCE_MY_CONFIG") ==
        stand.work("sources/my-config").string());
  struct stat info{};
  REQUIRE(::stat(stand.work("sources/my-config").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  REQUIRE(write_file_atomically(file, "KEY=other\n"));
  const auto again = stand.deploy(false);
  REQUIRE_FALSE(again);
  CHECK(again.error().what.contains("has changed since its revision was read"));
  CHECK_FALSE(again.error().what.contains("other"));
}

TEST_CASE("collect lines that are a source give its exact revision, others their newest") {
  Stand stand;
  GitRepo library(stand.dir.path() / "library");
  const auto old = library.commit("v", "1");
  library.git({"tag", "v1"});
  library.commit("v", "2");
  stand.with_spec("collect\ndeploy\n");
  stand.spec.write("collect", "app git+file://" + stand.trunk.url() + "\nlib git+file://" +
                                  library.url() + "\nold git+file://" + library.url() +
                                  ";revno=v1\nshort git+file://" + library.url() +
                                  ";revno=" + old.substr(0, 9) + "\n");
  REQUIRE_DONE(stand.deploy());
  CHECK(fs::canonical(stand.work("build/app")) == fs::canonical(stand.work("sources/trunk")));
  CHECK(stand.text(stand.work("build/lib/v")) == "2");
  CHECK(stand.text(stand.work("build/old/v")) == "1");
  CHECK(stand.text(stand.work("build/short/v")) == "1");
  CHECK(std::ranges::any_of(stand.host.logged, [](const std::string& line) {
    return line.contains("collected lib at") && line.contains("does not ship by itself");
  }));
}

TEST_CASE("a trunk that moved on is still deployed at the revision of the set") {
  Stand stand;
  stand.trunk.write("version", "1");
  REQUIRE_DONE(stand.deploy(false));
  const auto sources = stand.sources;
  stand.trunk.commit("version", "2");
  const DeployRequest request{
      stand.service, {"thumbs", "r0123456789"}, sources, stand.env, Deadline(stand.patience)};
  REQUIRE_DONE(MojoDeployer(stand.host).deploy(request, stand.claim));
  CHECK(stand.text(stand.work("sources/trunk/version")) == "1");
}

TEST_CASE("a second deploy into the same workspace starts from nothing") {
  Stand stand;
  stand.with_spec("script config=edit.sh\ndeploy\n");
  stand.script("edit.sh",
               "test ! -e \"$MOJO_BUILD_DIR/left\" || exit 9\ntouch \"$MOJO_BUILD_DIR/left\"\nsed "
               "-i 's/exit 9/exit 8/' \"$MOJO_SPEC_DIR/edit.sh\"\n");
  REQUIRE_DONE(stand.deploy());
  REQUIRE_DONE(stand.deploy());
  CHECK(stand.claim.started.size() == 2);
}

TEST_CASE("a script may write the Procfile of the spec that is then deployed") {
  Stand stand;
  stand.with_spec("script config=edit.sh\ndeploy\n");
  stand.spec.write("Procfile", "worker: old\n");
  stand.script("edit.sh", "echo 'worker: new' > \"$MOJO_SPEC_DIR/Procfile\"\n");
  REQUIRE_DONE(stand.deploy());
  CHECK(stand.claim.started[0].processes[0].command == "new");
}

TEST_CASE("what cannot be deployed is told before anything is made") {
  Stand stand;
  SECTION("a stage that leaves the spec") {
    stand.service.table = Json::object({{"mojo", Json::object({{"stage", "../../etc"}})}});
    CHECK(stand.deploy().error().what.contains("mojo.stage '../../etc' may not hold"));
  }
  SECTION("a manifest name that is an option or a number") {
    stand.service.table = Json::object({{"mojo", Json::object({{"manifest", "-rf"}})}});
    CHECK(stand.deploy().error().exit == ExitCode::config);
    stand.service.table = Json::object({{"mojo", Json::object({{"manifest", 7}})}});
    CHECK(stand.deploy().error().what.contains("must be a string"));
  }
  SECTION("no Procfile") {
    fs::remove(stand.trunk.path() / "Procfile");
    CHECK(stand.deploy(false).error().what.contains("has no Procfile"));
  }
  SECTION("a Procfile that is a link out of the checkout") {
    fs::remove(stand.trunk.path() / "Procfile");
    fs::create_symlink("/etc/passwd", stand.trunk.path() / "Procfile");
    CHECK(stand.deploy(false).error().what.contains("has no Procfile"));
  }
  SECTION("a source of the set that the configuration has no more") {
    stand.sources["extra"] = {"git", "x", std::string(40, 'a'), {}};
    CHECK(stand.deploy(false).error().what.contains("source extra"));
  }
  SECTION("neither trunk nor spec") {
    const DeployRequest request{stand.service,
                                {"thumbs", "r0123456789"},
                                stand.sources,
                                stand.env,
                                Deadline(stand.patience)};
    CHECK(MojoDeployer(stand.host)
              .deploy(request, stand.claim)
              .error()
              .what.contains("neither a spec nor a trunk"));
  }
  CHECK(stand.claim.started.empty());
}

TEST_CASE("a collect line cannot write through a link out of the workspace") {
  Stand stand;
  const auto outside = stand.dir.path() / "outside";
  fs::create_directories(outside);
  stand.with_spec("collect\ndeploy\n");
  stand.spec.write("collect", "door " + outside.string() + ";method=link\ndoor/evil @\n");
  const auto done = stand.deploy();
  REQUIRE_FALSE(done);
  CHECK(done.error().what.contains("leads out of the workspace"));
  CHECK_FALSE(fs::exists(outside / "evil"));
}

TEST_CASE("output of any kind and size passes without harm") {
  Stand stand;
  stand.with_spec("script config=loud.sh\ndeploy\n");
  stand.script("loud.sh",
               "head -c 20000000 /dev/zero\nhead -c 1000000 /dev/urandom >&2\necho done\n");
  REQUIRE_DONE(stand.deploy());
  CHECK(fs::file_size(stand.work("log/1-script.log")) > 21'000'000);
}

TEST_CASE("a workspace with blanks, quotes and other letters in its path works") {
  Stand stand;
  FakeClaim odd(stand.dir.path() / "se t'\"größe$(id)");
  stand.with_spec("collect\nscript config='my script.sh'\ndeploy\n");
  stand.spec.write("collect", "app git+file://" + stand.trunk.url() + "\n");
  stand.script("my script.sh", "test -f \"$MOJO_BUILD_DIR/app/Procfile\"\n");
  stand.source("trunk", "git", stand.trunk.url(), stand.trunk.commit_all("t"));
  stand.source("spec", "git", stand.spec.url(), stand.spec.commit_all("s"));
  const DeployRequest request{
      stand.service, {"thumbs", "r0123456789"}, stand.sources, stand.env, Deadline(stand.patience)};
  REQUIRE_DONE(MojoDeployer(stand.host).deploy(request, odd));
  CHECK(odd.started.size() == 1);
}

TEST_CASE("a deploy that was killed at any step is done again in the same workspace") {
  Stand stand;
  stand.with_spec("collect\nscript config=once.sh\ndeploy\n");
  stand.spec.write("collect", "app git+file://" + stand.trunk.url() + "\n");
  stand.script("once.sh", "test ! -e \"$MOJO_LOCAL_DIR/mark\" && touch \"$MOJO_LOCAL_DIR/mark\"\n");
  const std::string point = GENERATE("mojo.fetched", "mojo.checked", "mojo.collected",
                                     "mojo.after-script", "mojo.before-start", "mojo.started");
  INFO(point);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("CDCTL_TEST_CRASH_AT", point.c_str(), 1);
    (void)stand.deploy();
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  REQUIRE_DONE(stand.deploy());
  CHECK(stand.claim.started.size() == 1);
}
