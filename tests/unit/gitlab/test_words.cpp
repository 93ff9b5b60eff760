#include <catch2/catch.hpp>

#include "plugins/forges/tree_id.hpp"
#include "plugins/forges/vote_line.hpp"
#include "plugins/gitlab/gitlab_server.hpp"
#include "plugins/gitlab/words.hpp"

using namespace cdctl;
using State = CommitStatus::State;

namespace {

Json::Array list(const char* text) { return Json::parse(text)->items(); }

}  // namespace

TEST_CASE("only a job that has succeeded is a pass") {
  CHECK(gitlab::status_state("success") == State::passed);
  for (const auto* word : {"failed", "canceled", "skipped"})
    CHECK(gitlab::status_state(word) == State::failed);
  for (const auto* word : {"created", "pending", "running", "manual", "waiting_for_resource",
                           "preparing", "scheduled", "", "a word of next year"})
    CHECK(gitlab::status_state(word) == State::pending);
}

TEST_CASE("an approval is of the head that there was") {
  const auto versions = list(R"([
    {"head_commit_sha":"new","created_at":"2026-01-01T10:00:00.500Z"},
    {"head_commit_sha":"old","created_at":"2026-01-01T09:00:00.000Z"}])");
  CHECK(gitlab::head_at(versions, parse_rfc3339("2026-01-01T10:00:00.600Z")) == "new");
  CHECK(gitlab::head_at(versions, parse_rfc3339("2026-01-01T10:00:00.400Z")) == "old");
  CHECK(gitlab::head_at(versions, parse_rfc3339("2026-01-01T08:00:00.000Z")).empty());
  CHECK(gitlab::head_at(versions, {}).empty());
  const auto notes = [](const char* more) {
    return list(
        (std::string(R"([{"notes":[{"system":true,"body":"approved this merge request",)"
                     R"("author":{"username":"bob"},"created_at":"2026-01-01T10:00:00Z"}]})") +
         more + "]")
            .c_str());
  };
  CHECK(gitlab::approved_at(notes(""), "bob") == parse_rfc3339("2026-01-01T10:00:00Z"));
  CHECK_FALSE(gitlab::approved_at(notes(""), "carol"));
  CHECK_FALSE(gitlab::approved_at(
      notes(R"(,{"notes":[{"system":true,"body":"unapproved this merge request",)"
            R"("author":{"username":"bob"},"created_at":"2026-01-01T11:00:00Z"}]})"),
      "bob"));
  // What somebody writes is not what GitLab writes.
  CHECK_FALSE(gitlab::approved_at(
      list(R"([{"notes":[{"system":false,"body":"approved this merge request",)"
           R"("author":{"username":"bob"},"created_at":"2026-01-01T10:00:00Z"}]}])"),
      "bob"));
}

TEST_CASE("a vote against is an open thread") {
  const auto thread = [](const std::string& body, const char* resolved) {
    return *Json::parse(R"({"notes":[{"resolvable":true,"resolved":)" + std::string(resolved) +
                        R"(,"body":")" + body + R"("}]})");
  };
  const auto body = "x\\n\\n" + forges::vote_line("Disapprove");
  CHECK(gitlab::vote_of(thread(body, "false")) == "Disapprove");
  CHECK(gitlab::vote_of(thread(body, "true")).empty());
  CHECK(gitlab::vote_of(thread("x", "false")).empty());
  CHECK(gitlab::is_open(thread("x", "false")));
  CHECK_FALSE(gitlab::is_open(*Json::parse(R"({"notes":[{"resolvable":false}]})")));
}

TEST_CASE("the id of a tree is that of git") {
  // git ls-tree of a tree with a folder `b`, and files `b.c` and `a`: `b.c` goes before `b/`.
  const auto entries = list(R"([
    {"id":"4b825dc642cb6eb9a060e54bf8d69288fbee4904","name":"b","type":"tree","mode":"040000"},
    {"id":"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391","name":"a","type":"blob","mode":"100644"},
    {"id":"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391","name":"b.c","type":"blob","mode":"100755"}])");
  CHECK(forges::tree_id(entries) == "f04ea4305d3817b4f371d8103797f0df31bf7e78");
  CHECK(
      forges::tree_id(
          list(
              R"([{"sha":"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391","path":"a","mode":"100644"}])"),
          {"path", "sha"}) == "496d6428b9cf92981dc9495211e6e1120fb6f2ba");
  CHECK(forges::tree_id({}) == "4b825dc642cb6eb9a060e54bf8d69288fbee4904");
  CHECK(forges::tree_id(list(R"([{"id":"x","name":"b","mode":"100644"}])")).empty());
}
