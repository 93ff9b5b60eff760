#pragma once

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include <cdctl/roles.hpp>
#include <cdctl/target.hpp>

#include "tests/support/git_repo.hpp"
#include "tests/support/test_host.hpp"

namespace cdctl::test {

/// From the start of the program.
inline const Deadline k_long(Millis(600'000));

/// A target `main` in a bare repository, and somebody's clone of it, who proposes `fix`.
struct GitTarget {
  TempDir dir;
  TestHost host{dir.path() / "home"};
  GitRepo origin{dir.path() / "origin.git", true};
  GitRepo work{dir.path() / "work"};
  TargetConfig target;

  explicit GitTarget(const std::string& words = "one\n") {
    host.config_value.file = dir.path() / "cdctl.toml";
    target.name = "main";
    target.repository = origin.url();
    work.commit("words", words);
    push("main");
  }
  void push(const std::string& branch, const std::string& what = "HEAD") {
    work.git({"push", "--quiet", "--force", origin.url(), what + ":refs/heads/" + branch});
  }
  void propose(const std::string& what = "HEAD") { push("propose/main/fix", what); }
  /// The merge of what is proposed now.
  MergeRequest request() {
    return request_of(origin.git({"rev-parse", "propose/main/fix"}), "refs/heads/propose/main/fix");
  }
  /// The merge of a head that is found at `ref`.
  MergeRequest request_of(const std::string& head, const std::string& ref) {
    return {.url = {},
            .ref = ref,
            .head = head,
            .onto = {},
            .message = "Fix it\n\nReviewed-by: bob@example.com\n",
            .method = target.method,
            .author = {"Alice", "alice@example.com"},
            .committer = {"cdctl", "carol@web1"},
            .at = Time(std::chrono::seconds(1'700'000'000))};
  }
};

}  // namespace cdctl::test
