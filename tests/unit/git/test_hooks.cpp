#include <catch2/catch.hpp>

#include <cdctl/fs.hpp>

#include "plugins/git/git_forge.hpp"
#include "plugins/git/git_repository.hpp"
#include "tests/support/git_target.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;
using cdctl::test::k_long;

namespace {

/// The target's repository has a hook.
struct Stand : test::GitTarget {
  std::string head = work.commit("words", "two\n");

  Stand() { propose(); }
  void hook(const std::string& name, const std::string& text) const {
    REQUIRE(write_file_atomically(origin.path() / "hooks" / name, "#!/bin/sh\n" + text, 0755));
  }
};

}  // namespace

TEST_CASE("a push that a hook refuses is told in the hook's words") {
  Stand s;
  s.hook("pre-receive", "echo 'main is closed'; echo 'ask carol' >&2; exit 1\n");
  git::GitRepository repository(s.host);
  const auto request = s.request();
  const auto made = repository.merge(s.target, request, k_long);
  REQUIRE(made);
  const auto answer = repository.land(
      s.target, {made->commit, made->tree, made->base, request.ref, s.head, true}, k_long);
  REQUIRE(answer);
  CHECK(answer->state == LandAnswer::State::refused);
  CHECK_THAT(answer->why, Contains("pre-receive hook declined") && Contains("main is closed") &&
                              Contains("ask carol"));
}

TEST_CASE("a hook that puts something else in the place of what was pushed is told at once") {
  const auto* const another =
      "while read -r old new ref; do\n"
      "  [ \"$ref\" = refs/heads/main ] || continue\n"
      "  git update-ref refs/heads/main "
      "$(git -c user.name=h -c user.email=h@e commit-tree -p \"$old\" -m formatted "
      "\"$new^{tree}\")\n"
      "done\n";
  const auto* const back =
      "while read -r old new ref; do\n"
      "  [ \"$ref\" != refs/heads/main ] || git update-ref refs/heads/main \"$old\"\n"
      "done\n";
  for (const auto* hook : {another, back}) {
    Stand s;
    git::GitRepository repository(s.host);
    const auto request = s.request();
    const auto made = repository.merge(s.target, request, k_long);
    REQUIRE(made);
    s.hook("post-receive", hook);
    const auto answer = repository.land(
        s.target, {made->commit, made->tree, made->base, request.ref, s.head, true}, k_long);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().exit == ExitCode::failed);
    CHECK_THAT(answer.error().what, Contains("main took " + made->commit) &&
                                        Contains("look at it at once") && Contains("is back"));
    CHECK(s.origin.git({"rev-parse", request.ref}) == s.head);
  }
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

TEST_CASE("what has no notes in it gives way to ours") {
  Stand s;
  git::GitForge forge(s.host);
  ProposalReport report;
  report.state = ProposalReport::State::rejected;
  report.head = s.head;
  report.summary = "Not landed on main: tests: exit status 1";
  const auto* const one = &s.target;
  REQUIRE(forge.proposals(std::span(&one, 1), k_long).front());
  const auto blob = s.origin.git({"rev-parse", "main:words"});
  s.origin.git({"-c", "user.name=m", "-c", "user.email=m@e", "tag", "-a", "-m", "x", "junk", blob});
  s.origin.git(
      {"-c", "user.name=m", "-c", "user.email=m@e", "tag", "-a", "-m", "x", "far", "main"});
  for (const auto* junk : {"main:words", "junk", "far"}) {
    INFO(junk);
    s.origin.git({"update-ref", "refs/notes/cdctl-land", s.origin.git({"rev-parse", junk})});
    CHECK(forge.report(s.target, "fix", report, k_long) == true);
    CHECK(forge.report(s.target, "fix", report, k_long) == false);
    CHECK_THAT(s.origin.git({"notes", "--ref=cdctl-land", "show", s.head}),
               Contains("Not landed on main"));
  }
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

TEST_CASE("another ref's second name is no proposal and is not removed") {
  Stand s;
  git::GitForge forge(s.host);
  const auto* const one = &s.target;
  const auto tip = s.origin.git({"rev-parse", "main"});
  s.origin.git({"branch", "release", "main"});
  s.origin.git({"symbolic-ref", "refs/heads/propose/main/x", "refs/heads/release"});
  s.origin.git({"symbolic-ref", "refs/heads/propose/main/y", "refs/heads/main"});
  const auto all = std::move(forge.proposals(std::span(&one, 1), k_long).front());
  REQUIRE(all);
  REQUIRE(all->size() == 1);
  CHECK(all->front().id == "fix");
  for (const auto* topic : {"x", "y"}) {
    const auto cleared = forge.clear(s.target, topic, tip, k_long);
    REQUIRE_FALSE(cleared);
    CHECK(cleared.error().exit == ExitCode::refused);
    CHECK_THAT(cleared.error().what, Contains("no ref of its own"));
  }
  CHECK(s.origin.git({"rev-parse", "release"}) == tip);
  CHECK(s.origin.git({"rev-parse", "main"}) == tip);
  CHECK(forge.clear(s.target, "fix", s.head, k_long) == true);
}
