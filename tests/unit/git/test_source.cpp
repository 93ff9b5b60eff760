#include <catch2/catch.hpp>

#include <csignal>

#include <sys/wait.h>
#include <unistd.h>

#include <cdctl/child.hpp>
#include <cdctl/lock.hpp>
#include <cdctl/source.hpp>

#include "plugins/git/git_source.hpp"
#include "tests/support/git_repo.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::git;
using cdctl::test::GitRepo;
using cdctl::test::TempDir;
using cdctl::test::TestHost;
namespace fs = std::filesystem;

namespace {

struct Bench {
  TempDir dir;
  TestHost host{dir.path() / "home"};
  GitSource git{host};
  Deadline deadline{Millis(30'000)};

  SourceConfig source(const std::string& url, Json options = Json::object()) const {
    return {"thumbs", "trunk", "git", url, std::move(options)};
  }
  Result<SourceState> newest(const std::string& url, Json options = Json::object()) {
    const std::vector<SourceConfig> sources{source(url, std::move(options))};
    return git.newest(sources, deadline)[0];
  }
  Result<> checkout(const std::string& url, const std::string& revision, const std::string& into) {
    return git.checkout(source(url), revision, dir.path() / into, deadline);
  }
  std::string text(const std::string& file) const {
    return read_file(dir.path() / file).value_or("(absent)");
  }
  fs::path mirror() const {
    for (const auto& entry : fs::directory_iterator(dir.path() / "home" / "cache" / "git")) {
      if (entry.path().extension() == ".git") return entry.path();
    }
    return {};
  }
};

}  // namespace

TEST_CASE("the newest commit of a local repository is read, bare or not, packed or loose") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "work tree größe");
  const auto first = repo.commit("a", "1");
  CHECK(bench.newest(repo.url())->revision == first);
  CHECK(bench.newest("file://" + (bench.dir.path() / "x").string()).has_value() == false);
  repo.git({"pack-refs", "--all"});
  CHECK(bench.newest(repo.url())->revision == first);
  const auto second = repo.commit("a", "2");
  CHECK(bench.newest(repo.url())->revision == second);
  GitRepo bare(bench.dir.path() / "bare.git", true);
  repo.git({"push", "--quiet", bare.url(), "main"});
  CHECK(bench.newest(bare.url())->revision == second);
  CHECK(bench.newest((bench.dir.path() / "bare").string())->revision == second);
  CHECK(bench.newest(bare.url())->url == bare.url());
}

TEST_CASE("a branch, a linked work tree and a detached HEAD are followed") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  const auto first = repo.commit("a", "1");
  repo.git({"branch", "feature/x"});
  const auto second = repo.commit("a", "2");
  CHECK(bench.newest(repo.url(), Json::object({{"branch", "feature/x"}}))->revision == first);
  repo.git({"worktree", "add", "--quiet", (bench.dir.path() / "linked").string(), "feature/x"});
  CHECK(bench.newest((bench.dir.path() / "linked").string())->revision == first);
  CHECK(bench.newest((bench.dir.path() / "linked").string(), Json::object({{"branch", "main"}}))
            ->revision == second);
  repo.git({"checkout", "--quiet", "--detach", first});
  CHECK(bench.newest(repo.url())->revision == first);
}

TEST_CASE(
    "the newest tag of a pattern is the commit it points at, annotated or not, loose or packed") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  const auto first = repo.commit("a", "1");
  repo.git({"tag", "v1.9"});
  const auto second = repo.commit("a", "2");
  repo.git({"tag", "-a", "-m", "ten", "v1.10"});
  repo.commit("a", "3");
  repo.git({"tag", "other"});
  const auto tag = Json::object({{"tag", "v*"}});
  CHECK(bench.newest(repo.url(), tag)->revision == second);
  repo.git({"pack-refs", "--all"});
  CHECK(bench.newest(repo.url(), tag)->revision == second);
  repo.git({"tag", "-d", "v1.10"});
  CHECK(bench.newest(repo.url(), tag)->revision == first);
}

TEST_CASE("each kind of trouble has its own error, and the other sources are still answered") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo"), empty(bench.dir.path() / "empty");
  const auto head = repo.commit("a", "1");
  fs::create_directories(bench.dir.path() / "folder");
  const std::vector<SourceConfig> sources{
      bench.source((bench.dir.path() / "nothing").string()),
      bench.source((bench.dir.path() / "folder").string()),
      bench.source(empty.url()),
      bench.source(repo.url(), Json::object({{"branch", "gone"}})),
      bench.source("ext::sh -c 'touch " + (bench.dir.path() / "pwned").string() + "'"),
      bench.source("http://127.0.0.1:1/x.git"),
      bench.source(repo.url()),
      bench.source(repo.url(), Json::object({{"tag", "v*"}}))};
  const auto answers = bench.git.newest(sources, bench.deadline);
  REQUIRE(answers.size() == sources.size());
  const std::vector<std::string> says{
      "nothing at this path", "no git repository", "empty", "no branch gone",
      "transport helpers",    "cannot be reached", "",      "no tag like v*"};
  for (std::size_t i = 0; i < says.size(); ++i) {
    INFO(i);
    if (says[i].empty()) {
      REQUIRE(answers[i]);
      CHECK(answers[i]->revision == head);
      continue;
    }
    REQUIRE_FALSE(answers[i]);
    INFO(answers[i].error().what);
    CHECK(answers[i].error().what.contains(says[i]));
    CHECK(answers[i].error().exit == (i == 4 ? ExitCode::config : ExitCode::unknown));
    CHECK(answers[i].error().transient == (says[i] == "cannot be reached"));
  }
  CHECK_FALSE(fs::exists(bench.dir.path() / "pwned"));
}

TEST_CASE(
    "a checkout is exactly the commit that was asked for, and stays whole without the cache") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  const auto first = repo.commit("run.sh", "#!/bin/sh\necho 1\n", true);
  const auto second = repo.commit("run.sh", "#!/bin/sh\necho 2\n", true);
  REQUIRE(bench.checkout(repo.url(), first, "one"));
  REQUIRE(bench.checkout(repo.url(), second, "two"));
  CHECK(bench.text("one/run.sh").contains("echo 1"));
  CHECK(bench.text("two/run.sh").contains("echo 2"));
  CHECK(::access((bench.dir.path() / "one/run.sh").c_str(), X_OK) == 0);
  REQUIRE(remove_tree(bench.dir.path() / "home"));
  Program fsck;
  fsck.argv = {"git", "-C", (bench.dir.path() / "one").string(), "fsck", "--full"};
  fsck.deadline = bench.deadline;
  CHECK(run(fsck)->ok());
}

TEST_CASE("a commit that a force push removed is still deployable from the cache") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  repo.commit("a", "1");
  const auto lost = repo.commit("a", "2");
  REQUIRE(bench.checkout(repo.url(), lost, "one"));
  repo.git({"reset", "--quiet", "--hard", "HEAD^"});
  repo.git({"reflog", "expire", "--expire=now", "--all"});
  repo.git({"gc", "--quiet", "--prune=now"});
  const auto now = repo.commit("a", "3");
  REQUIRE(bench.checkout(repo.url(), now, "two"));
  REQUIRE(bench.checkout(repo.url(), lost, "three"));
  CHECK(bench.text("three/a") == "2");
}

TEST_CASE("a commit that does not exist leaves no folder behind") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  repo.commit("a", "1");
  const auto made = bench.checkout(repo.url(), std::string(40, 'd'), "one");
  REQUIRE_FALSE(made);
  CHECK(made.error().exit == ExitCode::failed);
  CHECK(made.error().what.contains("does not have commit"));
  CHECK_FALSE(fs::exists(bench.dir.path() / "one"));
  CHECK(bench.checkout(repo.url(), "--upload-pack=touch", "one").error().exit == ExitCode::usage);
}

TEST_CASE("a second deploy works while the repository is away, since the cache has the commit") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  const auto commit = repo.commit("a", "1");
  REQUIRE(bench.checkout(repo.url(), commit, "one"));
  fs::rename(repo.path(), bench.dir.path() / "away");
  CHECK(bench.checkout(repo.url(), commit, "two"));
  const auto other = bench.checkout(repo.url(), std::string(40, 'd'), "three");
  REQUIRE_FALSE(other);
  CHECK(other.error().exit == ExitCode::unknown);
}

TEST_CASE("a damaged cache is made anew") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  repo.commit("a", std::string(5000, 'x'));
  const auto commit = repo.commit("b", "2");
  REQUIRE(bench.checkout(repo.url(), commit, "one"));
  SECTION("packs cut to nothing") {
    for (const auto& entry : fs::recursive_directory_iterator(bench.mirror() / "objects")) {
      if (!entry.is_regular_file()) continue;
      fs::permissions(entry.path(), fs::perms::owner_all);
      const auto size = entry.file_size();
      // A new file, since the checkout may share the old one as a hard link.
      fs::remove(entry.path());
      REQUIRE(write_file_atomically(entry.path(), std::string(size / 2, '\0')));
    }
  }
  SECTION("HEAD gone") { fs::remove(bench.mirror() / "HEAD"); }
  SECTION("objects gone") { fs::remove_all(bench.mirror() / "objects"); }
  SECTION("config is garbage") {
    REQUIRE(write_file_atomically(bench.mirror() / "config", std::string_view("\0[[[", 4)));
  }
  SECTION("a file in its place") {
    const auto path = bench.mirror();
    fs::remove_all(path);
    REQUIRE(write_file_atomically(path, "x"));
  }
  SECTION("the rest of a process that died while it fetched") {
    auto fresh = bench.mirror();
    fs::remove_all(fresh);
    fresh += ".new";
    fs::create_directories(fresh / "objects");
  }
  const auto again = bench.checkout(repo.url(), commit, "two");
  INFO((again ? "" : again.error().what));
  REQUIRE(again);
  CHECK(bench.text("two/b") == "2");
  CHECK(bench.text("one/b") == "2");
}

TEST_CASE("submodules are checked out recursively, relative addresses included") {
  Bench bench;
  GitRepo inner(bench.dir.path() / "inner"), middle(bench.dir.path() / "middle"),
      outer(bench.dir.path() / "outer");
  inner.commit("deep", "deep");
  middle.git({"submodule", "--quiet", "add", "../inner", "inner"});
  middle.commit_all("inner");
  outer.git({"submodule", "--quiet", "add", middle.url(), "lib"});
  const auto commit = outer.commit_all("middle");
  const auto made = bench.checkout(outer.url(), commit, "out");
  INFO((made ? "" : made.error().what));
  REQUIRE(made);
  CHECK(bench.text("out/lib/inner/deep") == "deep");
}

TEST_CASE("a submodule that would run a program is refused") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo"), inner(bench.dir.path() / "inner");
  inner.commit("a", "1");
  repo.git({"submodule", "--quiet", "add", inner.url(), "lib"});
  repo.write(".gitmodules", "[submodule \"lib\"]\n\tpath = lib\n\turl = ext::sh -c \"touch " +
                                (bench.dir.path() / "pwned").string() + "\"\n");
  const auto commit = repo.commit_all("evil");
  const auto made = bench.checkout(repo.url(), commit, "out");
  REQUIRE_FALSE(made);
  CHECK_FALSE(fs::exists(bench.dir.path() / "pwned"));
  CHECK_FALSE(fs::exists(bench.dir.path() / "out"));
}

TEST_CASE("short ids, tags and branches become full commit ids") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  const auto first = repo.commit("a", "1");
  repo.git({"tag", "-a", "-m", "one", "v1"});
  const auto second = repo.commit("a", "2");
  const auto source = bench.source(repo.url());
  const auto resolve = [&](const std::string& text) {
    return bench.git.resolve(source, text, bench.deadline);
  };
  CHECK(resolve("v1")->revision == first);
  CHECK(resolve("main")->revision == second);
  CHECK(resolve(first.substr(0, 8))->revision == first);
  CHECK(resolve(second)->revision == second);
  const auto third = repo.commit("a", "3");
  CHECK(resolve("main")->revision == third);
  CHECK(resolve("nope").error().what.contains("no commit, tag or branch"));
  for (const auto* bad :
       {"-rf", "../x", "a b", "main^{tree}", "@{1}", "", "a\nb", "HEAD~1", ":/x"}) {
    INFO(bad);
    CHECK(resolve(bad).error().exit == ExitCode::usage);
  }
  repo.git({"branch", "v1"});
  CHECK(resolve("v1").error().what.contains("both a tag and a branch"));
}

TEST_CASE("processes that share a cache wait for each other") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  const auto commit = repo.commit("a", "1");
  REQUIRE(bench.checkout(repo.url(), commit, "one"));
  auto path = bench.mirror();
  path.replace_extension(".lock");
  auto lock = FileLock::acquire(path, bench.deadline);
  REQUIRE((lock && *lock));
  const auto made = bench.git.checkout(bench.source(repo.url()), commit, bench.dir.path() / "two",
                                       Deadline(Millis(50)));
  REQUIRE_FALSE(made);
  CHECK(made.error().exit == ExitCode::timeout);
}

TEST_CASE("git settings in our environment do not reach the git we start") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo"), other(bench.dir.path() / "other");
  const auto commit = repo.commit("a", "1");
  other.commit("a", "2");
  ::setenv("GIT_DIR", (other.path() / ".git").c_str(), 1);
  const auto made = bench.checkout(repo.url(), commit, "one");
  ::unsetenv("GIT_DIR");
  INFO((made ? "" : made.error().what));
  REQUIRE(made);
  CHECK(bench.text("one/a") == "1");
}

TEST_CASE("a checkout that was killed at any step is finished by the next one") {
  Bench bench;
  GitRepo repo(bench.dir.path() / "repo");
  repo.commit("a", "1");
  const auto commit = repo.commit("a", "2");
  const std::string point = GENERATE("git.mirror-fetched", "git.mirror-removed", "git.mirror-made",
                                     "git.before-checkout");
  INFO(point);
  const auto child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::setenv("CDCTL_TEST_CRASH_AT", point.c_str(), 1);
    (void)bench.checkout(repo.url(), commit, "one");
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
  const auto again = bench.checkout(repo.url(), commit, "one");
  INFO((again ? "" : again.error().what));
  REQUIRE(again);
  CHECK(bench.text("one/a") == "2");
}
