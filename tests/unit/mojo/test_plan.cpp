#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/mojo/manifest/plan.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::mojo;
using cdctl::test::TempDir;
namespace fs = std::filesystem;

namespace {

struct Spec {
  TempDir dir;
  fs::path top = dir.path() / "spec";
  fs::path trunk;
  std::string stage = "lp/production";
  std::map<std::string, std::string> variables;

  void write(const std::string& file, const std::string& text, unsigned mode = 0644) const {
    fs::create_directories((top / file).parent_path());
    REQUIRE(write_file_atomically(top / file, text, mode));
  }
  Result<Plan> plan(const std::string& name = "manifest") const {
    const Stage where(top, stage);
    auto made =
        make_plan({where, trunk,
                   [this](const std::string& variable) -> std::optional<std::string> {
                     const auto at = variables.find(variable);
                     return at == variables.end() ? std::nullopt : std::optional(at->second);
                   }},
                  name);
    if (!made.problems.empty()) return fail(to_error(made.problems));
    return made;
  }
  std::string why(const std::string& manifest) const {
    write("manifest", manifest);
    const auto made = plan();
    return made ? "" : made.error().what;
  }
};

const std::string k_script = "#!/bin/sh\nexit 0\n";

}  // namespace

TEST_CASE("files are looked for in the stage and then in each folder above it") {
  Spec spec;
  spec.write("manifest", "top");
  spec.write("lp/bundle", "middle");
  spec.write("lp/production/deep", "deep");
  const Stage stage(spec.top, "lp/production");
  CHECK(stage.find("manifest") == spec.top / "manifest");
  CHECK(stage.find("bundle") == spec.top / "lp/bundle");
  CHECK(stage.find("deep") == spec.top / "lp/production/deep");
  CHECK(Stage(spec.top, "no/such/stage").find("manifest") == spec.top / "manifest");
  CHECK(Stage(spec.top, "no/such/stage").folder() == spec.top);
  CHECK(stage.folder() == spec.top / "lp/production");
  CHECK(stage.find("none").error().what.contains("there is no 'none' in the spec"));
}

TEST_CASE("names that would leave the spec are refused") {
  Spec spec;
  spec.write("ok/x", "x");
  fs::create_symlink("/etc/passwd", spec.top / "out");
  fs::create_directory_symlink("/etc", spec.top / "outdir");
  fs::create_symlink("nowhere", spec.top / "dead");
  fs::create_symlink("ok/x", spec.top / "fine");
  const Stage stage(spec.top, "");
  for (const std::string name : {"../spec/ok/x", "/etc/passwd", "ok/../../x", "-rf", "ok/-x", "",
                                 "out", "outdir/passwd", "dead", "ok", "a\nb", "./ok/x"}) {
    INFO(name);
    CHECK_FALSE(stage.find(name));
  }
  CHECK_FALSE(stage.find(std::string("ok/x\0y", 6)));
  CHECK(stage.find("fine"));
  CHECK(check_relative("größe und blank", "file"));
  CHECK_FALSE(check_relative("../x", "stage"));
}

TEST_CASE("a good manifest becomes steps, with its variables expanded") {
  Spec spec;
  spec.variables = {{"MOJO_SERIES", "noble"}};
  spec.write("collect-noble", "x @\n");
  spec.write("lp/run.sh", k_script, 0755);
  spec.write("Procfile", "worker: ./w\n");
  spec.write("manifest",
             "collect config=collect-${MOJO_SERIES}\nscript lxc=False config=run.sh A='b c' "
             "timeout=7\nsleep config=2\nverify config=run.sh\ndeploy timeout=${T:-5400} "
             "timeout=60 wait=False\n");
  const auto plan = spec.plan();
  INFO((plan ? "" : plan.error().what));
  REQUIRE(plan);
  REQUIRE(plan->steps.size() == 5);
  CHECK(plan->steps[0].file == spec.top / "collect-noble");
  CHECK(plan->steps[1].words == std::map<std::string, std::string>{{"A", "b c"}});
  CHECK(plan->steps[1].timeout == Millis(7000));
  CHECK(plan->steps[2].seconds("config", {}) == Millis(2000));
  CHECK(plan->steps[1].options.size() == 4);
  CHECK(plan->steps[0].options[0].value == "collect-noble");
  CHECK(plan->steps[4].timeout == Millis(60'000));
  CHECK(plan->steps[4].config == "Procfile");
  CHECK(plan->warnings.size() == 1);
}

TEST_CASE("everything a manifest names is checked before anything runs") {
  Spec spec;
  spec.write("Procfile", "worker: ./w\n");
  spec.write("plain.sh", k_script, 0644);
  spec.write("noshebang", "echo hi\n", 0755);
  spec.write("crlf.sh", "#!/bin/sh\r\necho\r\n", 0755);
  spec.write("nointerp", "#!/usr/bin/no-such-thing\n", 0755);
  spec.write("badcollect", "x svn:~a/b\n");
  spec.write("run.sh", k_script, 0755);
  CHECK(spec.why("deploy\nscript config=gone.sh\n")
            .contains("manifest:2:8: there is no 'gone.sh' in the spec"));
  CHECK(spec.why("deploy\nscript config=plain.sh\n").contains("is not executable"));
  CHECK(spec.why("deploy\nverify config=noshebang\n").contains("#! line"));
  CHECK(spec.why("deploy\nbuild config=crlf.sh\n").contains("carriage return"));
  CHECK(spec.why("deploy\nscript config=nointerp\n").contains("/usr/bin/no-such-thing"));
  CHECK(spec.why("deploy\ncollect config=badcollect\n").contains("badcollect:1:"));
  CHECK(spec.why("deploy\nscript config=${NONE}\n")
            .contains("manifest:2:8: config: variable NONE is not set"));
  CHECK(spec.why("deploy\nscript config=../run.sh\n").contains("may not hold"));
  CHECK(spec.why("deploy\nscript config=run.sh confg=x\n")
            .contains("no option 'confg'; did you mean config?"));
  CHECK(spec.why("deploy\nscript config=run.sh user=x\n")
            .contains("in capitals for its environment"));
  CHECK(spec.why("deploy\nscript config=run.sh timeout=soon\n").contains("no number of seconds"));
  CHECK(spec.why("deploy\nscript config=run.sh timeout=0\n").contains("no number of seconds"));
  CHECK(spec.why("deploy\nsleep\n").contains("sleep needs config=SECONDS"));
  CHECK(spec.why("deploy\nsleep config=-1\n").contains("no number of seconds"));
  CHECK(spec.why("deploy config=Procfile.web\n").contains("there is no 'Procfile.web'"));
  CHECK(spec.why("deploy\ndeploy\n").empty());
  CHECK(spec.why("deploy\nscript config=run.sh\n").empty());
}

TEST_CASE("problems of several lines and files come in one error") {
  Spec spec;
  spec.write("collect", "x svn:a\ny nope;x\n");
  const auto what = spec.why("collect\nscrpt\nscript config=none\nbundle\n");
  for (const auto* part :
       {"collect:1:", "collect:2:", "manifest:2:1: 'scrpt' is no phase; did you mean script?",
        "'none'", "there is no 'bundle' in the spec"}) {
    INFO(what);
    CHECK(what.contains(part));
  }
}

TEST_CASE("a Procfile that the spec does not have is taken from the trunk") {
  Spec spec;
  spec.trunk = spec.dir.path() / "trunk";
  fs::create_directories(spec.trunk);
  REQUIRE(write_file_atomically(spec.trunk / "Procfile", "worker: ./w\n"));
  spec.write("manifest", "deploy\n");
  const auto plan = spec.plan();
  REQUIRE(plan);
  CHECK(plan->steps[0].file == spec.trunk / "Procfile");
  fs::remove(spec.trunk / "Procfile");
  fs::create_symlink("/etc/passwd", spec.trunk / "Procfile");
  CHECK(spec.plan().error().what.contains("nor in the trunk"));
}

TEST_CASE("a manifest that is not there is told with its name") {
  Spec spec;
  fs::create_directories(spec.top);
  const auto plan = spec.plan("manifest-upgrade");
  REQUIRE_FALSE(plan);
  CHECK(plan.error().what.contains("there is no 'manifest-upgrade' in the spec"));
  CHECK(plan.error().exit == ExitCode::config);
}
