#pragma once

#include <catch2/catch.hpp>

#include <string>

#include <cdctl/text.hpp>

#include "plugins/git/git_repository.hpp"
#include "tests/support/git_target.hpp"

namespace cdctl::test {

/// A target in git, and what lands on it.
struct LandingStand : GitTarget {
  git::GitRepository repository{host};

  explicit LandingStand(MergeMethod method) : GitTarget("one\ntwo\nthree\nfour\nfive\n") {
    target.method = method;
  }
  std::string begin(const std::string& branch = "fix") {
    work.git({"checkout", "--quiet", "-B", branch, "main"});
    return branch;
  }
  std::string main() { return origin.git({"rev-parse", "main"}); }
  std::string show(const std::string& format, const std::string& commit) {
    return origin.git({"log", "-1", "--format=" + format, commit});
  }
  /// The target goes on by hand.
  void go_on(const std::string& file, const std::string& text) {
    work.git({"checkout", "--quiet", "main"});
    work.commit(file, text);
    push("main");
  }

  /// The newest commit of the clone as it would be with a signature, whoever made that.
  void sign_head() {
    const auto raw = work.git({"cat-file", "commit", "HEAD"});
    const auto blank = raw.find("\n\n");
    work.write("raw", raw.substr(0, blank) + "\ngpgsig x\n y" + raw.substr(blank) + "\n");
    const auto id = work.git({"hash-object", "-t", "commit", "-w", "raw"});
    work.git({"reset", "--quiet", "--hard", id});
  }
  MergeRequest request(const std::string& topic = "fix") {
    return request_of(origin.git({"rev-parse", "propose/main/" + topic}),
                      "refs/heads/propose/main/" + topic);
  }
  MergeAnswer merge() {
    auto out = repository.merge(target, request(), k_long);
    if (!out) FAIL(out.error().what);
    return *out;
  }
  LandAnswer land(const MergeAnswer& made, bool remove = true) {
    auto out = repository.land(
        target,
        {made.commit, made.tree, made.base, "refs/heads/propose/main/fix", request().head, remove},
        k_long);
    if (!out) FAIL(out.error().what);
    return *out;
  }
  MergeAnswer land_now(bool remove = false) {
    const auto made = merge();
    INFO(joined(made.conflicts));
    REQUIRE_FALSE(made.commit.empty());
    const auto answer = land(made, remove);
    CHECK(answer.state == LandAnswer::State::landed);
    CHECK(answer.tree == made.tree);
    return made;
  }
};

inline constexpr auto k_all = {MergeMethod::merge, MergeMethod::squash, MergeMethod::rebase};

}  // namespace cdctl::test
