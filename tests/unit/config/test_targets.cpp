#include <catch2/catch.hpp>

#include <fstream>

#include "core/config/load.hpp"
#include "support/test_host.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

struct Folder {
  test::TempDir dir;
  plugins::PluginHost plugins{{fs::path(CDCTL_BUILD_DIR) / CDCTL_LIBDIR / "plugins"}};

  Folder() { write("cdctl.toml", ""); }
  void write(const std::string& name, const std::string& text) const {
    fs::create_directories((dir.path() / name).parent_path());
    std::ofstream(dir.path() / name) << text;
  }
  Config load() {
    auto config = config::find_config((dir.path() / "cdctl.toml").string(), plugins);
    REQUIRE(config);
    return *config;
  }
  /// What is wrong with a target's file of this text.
  std::string broken(const std::string& text) {
    write("targets.d/main.toml", text);
    const auto config = load();
    REQUIRE(config.broken_targets.contains("main"));
    CHECK(config.broken_targets.at("main").exit == ExitCode::config);
    return config.broken_targets.at("main").what;
  }
};

const std::string k_least =
    "repository = \"https://git.example/x.git\"\nverify.command = \"make\"\n";

}  // namespace

TEST_CASE("a target's file is read with its defaults") {
  Folder f;
  f.write("targets.d/main.toml",
          "repository = \"../x.git\"\nbranch = \"trunk\"\ncontributors = [\"*@e\"]\n"
          "remove_branch = false\n[verify]\ncommand = \"make\"\nsilence = \"2m\"\n"
          "[git]\nreviewers = \"reviewers\"\n");
  const auto config = f.load();
  const auto* main = config.target("main");
  REQUIRE(main);
  CHECK(main->repository == (f.dir.path().parent_path() / "x.git").string());
  CHECK(main->branch == "trunk");
  CHECK(main->votes == TargetConfig().votes);
  CHECK_FALSE(main->remove_branch);
  CHECK(main->verify.silence == std::chrono::minutes(2));
  CHECK(main->verify.limit == std::chrono::hours(1));
  CHECK(main->table["git"]["reviewers"].view() == "reviewers");
  CHECK(config.target("other") == nullptr);
}

TEST_CASE("one wrong file stops its own target, and no service") {
  Folder f;
  f.write("targets.d/good.toml", k_least);
  f.write("services.d/thumbs.toml", "[sources]\ntrunk = { git = \"https://git.example/t.git\" }\n");
  CHECK_THAT(f.broken("nonsense\n"), Contains("main.toml"));
  const auto config = f.load();
  CHECK(config.target("good"));
  CHECK(config.service("thumbs"));
  CHECK_THAT(f.broken(k_least + "brunch = \"x\"\n"), Contains("did you mean 'branch'"));
  CHECK_THAT(f.broken("verify = { comand = \"x\" }\n" + k_least.substr(0, k_least.find('\n') + 1)),
             Contains("did you mean 'command'"));
  CHECK_THAT(f.broken(k_least + "git = { reviewer = \"x\" }\n"),
             Contains("did you mean 'reviewers'"));
  CHECK_THAT(f.broken("repository = \"x\"\n"), Contains("needs verify.command"));
  CHECK_THAT(f.broken("verify.command = \"make\"\n"), Contains("needs its repository"));
  CHECK_THAT(f.broken(k_least + "forge = \"mine\"\n"), Contains("no plugin offers a forge"));
  CHECK_THAT(f.broken(k_least + "verify.limit = \"soon\"\n"), Contains("verify.limit"));
  CHECK_THAT(f.broken(k_least + "contributors = []\n"), Contains("contributors"));
  CHECK_THAT(f.broken(k_least + "remove_branch = \"no\"\n"), Contains("true or false"));
}

TEST_CASE("how a proposal lands, and what it waits for, is the target's word") {
  Folder f;
  f.write("targets.d/main.toml",
          k_least +
              "verify.wrapper = [\"bwrap\", \"--bind\", \"{work}\", \"{work}\"]\n"
              "verify.statuses = [\"ci/build\"]\nverify.retries = 2\n"
              "verify.staging = \"refs/heads/ci\"\nmethod = \"squash\"\n"
              "hold = [\"hold\", \"wip\"]\nfrozen = \"the release\"\nbatch = 8\n");
  const auto config = f.load();
  const auto* main = config.target("main");
  REQUIRE(main);
  CHECK(main->verify.wrapper.size() == 4);
  CHECK(main->verify.statuses == std::vector<std::string>{"ci/build"});
  CHECK(main->verify.retries == 2);
  CHECK(main->method == MergeMethod::squash);
  CHECK(main->hold == std::vector<std::string>{"hold", "wip"});
  CHECK(main->frozen == "the release");
  CHECK(main->batch == 8);
  CHECK_FALSE(main->land_by_forge);
  f.write("targets.d/main.toml",
          "repository = \"https://git.example/x.git\"\nverify.statuses = [\"a\"]\n"
          "land_via = \"forge\"\nmethod = \"rebase\"\nhold = []\n");
  const auto other = f.load();
  REQUIRE(other.target("main"));
  CHECK(other.target("main")->land_by_forge);
  CHECK(other.target("main")->method == MergeMethod::rebase);
  CHECK(other.target("main")->hold.empty());
}

TEST_CASE("no word of a target that means nothing is passed over") {
  Folder f;
  CHECK_THAT(f.broken(k_least + "method = \"squish\"\n"),
             Contains("one of merge, squash, rebase") && Contains("did you mean 'squash'"));
  CHECK_THAT(f.broken(k_least + "method = 1\n"), Contains("one of merge"));
  CHECK_THAT(f.broken(k_least + "land_via = \"api\"\n"), Contains("one of push, forge"));
  CHECK_THAT(f.broken(k_least + "batch = 0\n"), Contains("from 1 to 100"));
  CHECK_THAT(f.broken(k_least + "batch = 4\nland_via = \"forge\"\n"), Contains("one by one"));
  CHECK_THAT(f.broken(k_least + "frozen = true\n"), Contains("text that is not empty"));
  CHECK_THAT(f.broken(k_least + "hold = \"wip\"\n"), Contains("list of labels"));
  CHECK_THAT(f.broken(k_least + "hold = [\"\"]\n"), Contains("list of labels"));
  CHECK_THAT(f.broken(k_least + "verify.retries = -1\n"), Contains("from 0 to 10"));
  CHECK_THAT(f.broken(k_least + "verify.statuses = []\n"), Contains("verify.statuses"));
  CHECK_THAT(f.broken(k_least + "verify.wrapper = \"bwrap\"\n"), Contains("verify.wrapper"));
  CHECK_THAT(f.broken(k_least + "verify.staging = \"refs/heads/a b\"\n"),
             Contains("verify.staging"));
  CHECK_THAT(f.broken("repository = \"x\"\nverify.statuses = [\"a\"]\n"
                      "verify.wrapper = [\"w\"]\n"),
             Contains("needs verify.command"));
  CHECK_THAT(f.broken("repository = \"x\"\nverify = { command = \" \", statuses = [\"a\"] }\n"),
             Contains("verify.command"));
}

TEST_CASE("a target's file that others can write to is refused") {
  Folder f;
  f.write("targets.d/main.toml", k_least);
  fs::permissions(f.dir.path() / "targets.d/main.toml", fs::perms(0666));
  CHECK(f.load().broken_targets.contains("main"));
}
