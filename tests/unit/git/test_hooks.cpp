#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/git/git_forge.hpp"
#include "plugins/git/git_repository.hpp"
#include "support/git_repo.hpp"
#include "support/test_host.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;

namespace {

const Deadline k_long(Millis(600'000));  // from the start of the program

/// A target in a bare repository with a hook, and a home that lands on it.
struct Stand {
  test::TempDir dir;
  test::TestHost host{dir.path() / "home"};
  test::GitRepo origin{dir.path() / "origin.git", true};
  test::GitRepo work{dir.path() / "work"};
  TargetConfig target;
  std::string head;

  Stand() {
    host.config_value.file = dir.path() / "cdctl.toml";
    target.name = "main";
    target.repository = origin.url();
    work.commit("words", "one\n");
    work.git({"push", "--quiet", origin.url(), "HEAD:refs/heads/main"});
    head = work.commit("words", "two\n");
    work.git({"push", "--quiet", origin.url(), "HEAD:refs/heads/propose/main/fix"});
  }
  void hook(const std::string& name, const std::string& text) const {
    REQUIRE(write_file_atomically(origin.path() / "hooks" / name, "#!/bin/sh\n" + text, 0755));
  }
};

}  // namespace

TEST_CASE("a push that a hook refuses is told in the hook's words") {
  Stand s;
  s.hook("pre-receive", "echo 'main is closed'; echo 'ask carol' >&2; exit 1\n");
  git::GitRepository repository(s.host);
  const MergeRequest request{.url = {},
                             .ref = "refs/heads/propose/main/fix",
                             .head = s.head,
                             .onto = {},
                             .message = "Fix it\n",
                             .method = MergeMethod::merge,
                             .author = {"Alice", "alice@example.com"},
                             .committer = {"cdctl", "carol@web1"},
                             .at = Time(std::chrono::seconds(1'700'000'000))};
  const auto made = repository.merge(s.target, request, k_long);
  REQUIRE(made);
  const auto answer = repository.land(
      s.target, {made->commit, made->tree, made->base, request.ref, s.head, true}, k_long);
  REQUIRE(answer);
  CHECK(answer->state == LandAnswer::State::refused);
  CHECK_THAT(answer->why, Contains("pre-receive hook declined") && Contains("main is closed") &&
                              Contains("ask carol"));
}

TEST_CASE("a note that a hook refuses is no race that was lost five times") {
  Stand s;
  git::GitForge forge(s.host);
  ProposalReport report;
  report.state = ProposalReport::State::rejected;
  report.head = s.head;
  report.summary = "Not landed on main: tests: exit status 1";
  // The commit that it is a note of comes with the proposals.
  const auto* const one = &s.target;
  REQUIRE(forge.proposals(std::span(&one, 1), k_long).front());
  s.hook("update", "case $1 in refs/notes/*) echo 'no notes here'; exit 1 ;; esac\n");
  const auto told = forge.report(s.target, "fix", report, k_long);
  REQUIRE_FALSE(told);
  CHECK(told.error().exit == ExitCode::refused);
  CHECK_THAT(told.error().what, Contains("does not take the note") && Contains("no notes here"));
  s.hook("update", "exit 0\n");
  CHECK(forge.report(s.target, "fix", report, k_long) == true);
  CHECK(forge.report(s.target, "fix", report, k_long) == false);
}

TEST_CASE("what cannot be read is named: which repository, which branch") {
  Stand s;
  git::GitForge forge(s.host);
  const auto* const one = &s.target;
  s.target.branch = "mian";
  auto answer = std::move(forge.proposals(std::span(&one, 1), k_long).front());
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().what, Contains(s.origin.url() + " has no branch mian"));
  s.target.branch = "main";
  s.target.repository = (s.dir.path() / "nowhere.git").string();
  answer = std::move(forge.proposals(std::span(&one, 1), k_long).front());
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().what, Contains(s.target.repository + ": there is no git repository"));
  s.target.repository = "http://127.0.0.1:1/x.git";
  answer = std::move(forge.proposals(std::span(&one, 1), k_long).front());
  REQUIRE_FALSE(answer);
  CHECK_THAT(answer.error().what,
             Contains("http://127.0.0.1:1/x.git: the server cannot be reached"));
}
