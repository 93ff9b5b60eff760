#include <catch2/catch.hpp>

#include <filesystem>
#include <string>
#include <vector>

#include "plugins/git/git_source.hpp"
#include "tests/support/git_http.hpp"
#include "tests/support/git_repo.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::git;
using cdctl::test::GitHttp;
using cdctl::test::GitRepo;
using cdctl::test::TempDir;
using cdctl::test::TestHost;
namespace fs = std::filesystem;

namespace {

struct Bench {
  TempDir dir;
  TestHost host{dir.path() / "home"};
  GitSource git{host};
  GitRepo repo{dir.path() / "trunk"};

  [[nodiscard]] SourceConfig source(const std::string& url) const {
    SourceConfig out;
    out.service = "thumbs", out.name = "trunk", out.kind = "git", out.url = url;
    return out;
  }
  std::vector<std::optional<Commit>> known(const std::vector<std::string>& revisions,
                                           const std::string& url) {
    std::vector<CommitQuestion> questions;
    for (const auto& revision : revisions) questions.push_back({source(url), revision});
    return git.known(questions, Deadline(Millis(20'000)));
  }
  Result<CommitRange> between(const std::string& from, const std::string& to,
                              const std::string& url, std::size_t most = 100) {
    return git.between(source(url), from, to, most, Deadline(Millis(20'000)));
  }
  Result<> check_out(const std::string& revision, const std::string& url) {
    return git.checkout(source(url), revision, dir.path() / revision, Deadline(Millis(20'000)));
  }
};

std::string subjects(const std::vector<Commit>& commits) {
  std::string out;
  for (const auto& commit : commits) out += (out.empty() ? "" : ", ") + commit.subject;
  return out;
}

const std::string k_nowhere(40, '1');

}  // namespace

TEST_CASE("a Source that has commits is found by who has the Source alone") {
  Bench bench;
  Source* const source = &bench.git;
  CHECK(dynamic_cast<CommitLog*>(source) == &bench.git);
}

TEST_CASE("commits of a repository on this machine tell who wrote what, and when") {
  Bench bench;
  const auto one = bench.repo.commit("a", "1");
  bench.repo.git({"commit", "--quiet", "--allow-empty", "--date=2020-01-01T00:00:00Z", "--author",
                  "Ærø <a@e>", "-m", "Fix the colours\n\nAt length."});
  const auto two = bench.repo.head();
  const auto found = bench.known({two, k_nowhere, one, "not an id"}, bench.repo.url());
  REQUIRE(found.size() == 4);
  REQUIRE(found[0]);
  CHECK(found[0]->revision == two);
  CHECK(found[0]->subject == "Fix the colours");
  CHECK(found[0]->author == "Ærø");
  REQUIRE(found[0]->at);
  CHECK(*found[0]->at > now() - std::chrono::hours(1));  // when it was committed
  CHECK_FALSE(found[1]);
  REQUIRE(found[2]);
  CHECK(found[2]->subject == "write a");
  CHECK_FALSE(found[3]);
}

TEST_CASE("what somebody writes in a commit stays on one line, and short") {
  Bench bench;
  bench.repo.git(
      {"commit", "--quiet", "--allow-empty", "-m", "red \033[31m " + std::string(5000, 'x')});
  const auto found = bench.known({bench.repo.head()}, bench.repo.url());
  REQUIRE(found[0]);
  CHECK(found[0]->subject.size() < 300);
  CHECK_FALSE(found[0]->subject.contains('\033'));
}

TEST_CASE("of a bare repository by its path the commits between two are read, both ways") {
  Bench bench;
  std::vector<std::string> ids;
  for (const auto* name : {"one", "two", "three", "four"})
    ids.push_back(bench.repo.commit_all(name));
  bench.repo.git({"clone", "--quiet", "--bare", ".", "../bare.git"});
  const auto url = (bench.dir.path() / "bare.git").string();
  const auto there = bench.between(ids[0], ids[3], url);
  REQUIRE(there);
  CHECK(subjects(there->added) == "four, three, two");
  CHECK(there->removed.empty());
  const auto back = bench.between(ids[3], ids[1], url);
  REQUIRE(back);
  CHECK(back->added.empty());
  CHECK(subjects(back->removed) == "four, three");
  const auto few = bench.between(ids[0], ids[3], url, 2);
  REQUIRE(few);
  CHECK(subjects(few->added) == "four, three");
  CHECK(few->left_out == 1);
  CHECK_FALSE(fs::exists(bench.dir.path() / "home" / "cache"));  // nothing was fetched
}

TEST_CASE("what a force push took away is told from what our copy kept, or is said to be gone") {
  Bench bench;
  const auto one = bench.repo.commit_all("one");
  const auto lost = bench.repo.commit_all("lost");
  const auto rewrite = [&] {
    bench.repo.git({"reset", "--quiet", "--hard", one});
    const auto id = bench.repo.commit_all("instead");
    bench.repo.git({"reflog", "expire", "--expire=now", "--all"});
    bench.repo.git({"gc", "--quiet", "--prune=now"});
    return id;
  };
  REQUIRE(bench.check_out(lost, bench.repo.url()));
  const auto instead = rewrite();
  const auto found = bench.known({lost, instead}, bench.repo.url());
  REQUIRE(found[0]);
  CHECK(found[0]->subject == "lost");
  CHECK(found[1]);
  const auto range = bench.between(lost, instead, bench.repo.url());
  REQUIRE(range);
  CHECK(subjects(range->added) == "instead");
  CHECK(subjects(range->removed) == "lost");

  REQUIRE(remove_tree(bench.dir.path() / "home" / "cache"));
  const auto gone = bench.between(lost, instead, bench.repo.url());
  REQUIRE_FALSE(gone);
  CHECK(gone.error().exit == ExitCode::failed);
  CHECK(gone.error().what.contains(lost));
  CHECK(gone.error().what.contains("force push"));
}

TEST_CASE("commits on a server are fetched once, and known from then on") {
  if (const auto missing = GitHttp::missing()) {
    WARN(*missing);
    return;
  }
  Bench bench;
  const auto one = bench.repo.commit_all("one");
  const auto two = bench.repo.commit_all("two");
  std::optional<GitHttp> server(std::in_place, bench.dir.path(), bench.dir.path());
  const auto url = server->url("/v2/trunk/.git");
  CHECK_FALSE(bench.known({two}, url)[0]);  // nobody is asked for that
  const auto range = bench.between(one, two, url);
  REQUIRE(range);
  CHECK(subjects(range->added) == "two");
  server.reset();
  CHECK(bench.known({two}, url)[0]);
  CHECK(bench.between(one, two, url));
  const auto away = bench.between(one, k_nowhere, url);
  REQUIRE_FALSE(away);
  CHECK(away.error().exit == ExitCode::unknown);
}
