#include <catch2/catch.hpp>

#include "plugins/launchpad/landing_site.hpp"
#include "plugins/launchpad/merge_proposal.hpp"
#include "plugins/launchpad/oauth.hpp"
#include "plugins/launchpad/report_comment.hpp"
#include "plugins/launchpad/status_reports.hpp"
#include "plugins/launchpad/web_service.hpp"

using namespace cdctl;
using namespace cdctl::launchpad;
using State = CommitStatus::State;

namespace {

const std::string k_api = "https://api.launchpad.net/devel";

Json json(const std::string& text) { return *Json::parse(text); }
Json::Array list(const std::string& text) { return Json::parse(text)->items(); }

/// A proposal of alice's that has bob's approval, given when `old` or `new` was the head.
Spoken spoken(const std::string& more = "") {
  Spoken out;
  out.json = json(R"({"queue_status":"Approved")" + more + "}");
  out.head = "new";
  out.authors = {"alice"};
  out.votes =
      list(R"([{"reviewer_link":")" + k_api + R"(/~bob","is_pending":false,"comment_link":"c1"}])");
  out.comments = list(R"([{"self_link":"c1","author_link":")" + k_api +
                      R"(/~bob","vote":"Approve","date_created":"2026-01-01T10:00:00.5+00:00"}])");
  out.diffs = list(R"([
      {"source_revision_id":"old","date_created":"2026-01-01T09:00:00+00:00"},
      {"source_revision_id":"new","date_created":"2026-01-01T10:00:00+00:00"}])");
  return out;
}
Vote only_vote(const Spoken& of, const std::string& why = "") {
  const auto all = votes_of(of, [&](const std::string&) { return why; });
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace

TEST_CASE("a token has a secret, and maybe a consumer") {
  const auto two = authorization("tok:sec"), three = authorization("tarmac:tok:sec");
  REQUIRE(two);
  CHECK(two->contains("oauth_consumer_key=\"cdctl\",oauth_token=\"tok\""));
  CHECK(two->contains("oauth_signature=\"%26sec\""));
  CHECK(two->contains("oauth_signature_method=\"PLAINTEXT\""));
  REQUIRE(three);
  CHECK(three->contains("oauth_consumer_key=\"tarmac\",oauth_token=\"tok\""));
  for (const auto* wrong : {"", "secret-word", "tok:", ":secret-word", "a:b:secret-word:d"}) {
    const auto bad = authorization(wrong);
    REQUIRE_FALSE(bad);
    CHECK(bad.error().exit == ExitCode::config);
    CHECK_FALSE(bad.error().what.contains("secret-word"));
  }
}

TEST_CASE("an approval is of the head that there was a diff of") {
  auto one = spoken();
  CHECK(only_vote(one).head == "new");
  CHECK(only_vote(one).trusted);
  one.comments[0].set("date_created", "2026-01-01T09:59:59+00:00");
  CHECK(only_vote(one).head == "old");
  for (const auto* at : {"2026-01-01T08:00:00+00:00", "", "soon"}) {
    one.comments[0].set("date_created", at);
    CHECK(only_vote(one).head.empty());
    CHECK_FALSE(only_vote(one).trusted);
  }
  one = spoken();
  one.diffs.clear();
  CHECK_FALSE(only_vote(one).trusted);
}

TEST_CASE("whoever approved the whole has named a revision, for themselves alone") {
  const auto reviewed = [](const char* who, const char* at) {
    auto out = spoken(R"(,"reviewed_revid":"named","reviewer_link":")" + k_api + "/~" + who +
                      R"(","date_reviewed":")" + at + "\"");
    out.diffs.clear();
    return out;
  };
  CHECK(only_vote(reviewed("bob", "2026-01-01T11:00:00+00:00")).head == "named");
  CHECK(only_vote(reviewed("bob", "2026-01-01T09:00:00+00:00")).head.empty());
  CHECK(only_vote(reviewed("carol", "2026-01-01T11:00:00+00:00")).head.empty());
}

TEST_CASE("whose vote does not count, and why") {
  CHECK(only_vote(spoken(), "they are nobody").why == "they are nobody");
  auto one = spoken();
  one.authors = {"bob"};
  CHECK(only_vote(one).why == "an author's own");
  one = spoken();
  one.comments[0].set("author_link", k_api + "/~carol");
  CHECK_FALSE(only_vote(one).trusted);
  one = spoken();
  one.votes[0].set("reviewer_link", Json());
  CHECK_FALSE(only_vote(one).trusted);
  one = spoken();
  one.comments.clear();
  CHECK_FALSE(only_vote(one).trusted);
  CHECK(only_vote(one).value != "Approve");
}

TEST_CASE("a vote against stands at any head, and a silent reviewer is pending") {
  auto one = spoken();
  one.comments[0].set("vote", "Needs Fixing");
  one.comments[0].set("date_created", "2020-01-01T00:00:00+00:00");
  CHECK(only_vote(one).head == "new");
  CHECK(only_vote(one).trusted);
  one.votes[0].set("is_pending", true);
  CHECK(only_vote(one).value == "Pending");
  one.votes[0].erase("is_pending");
  CHECK(only_vote(one).value == "Pending");
  one = spoken();
  one.comments[0].set("vote", Json());
  CHECK(votes_of(one, [](const std::string&) { return std::string(); }).empty());
}

TEST_CASE("approved is the status, at this head") {
  const auto is = [](const char* status, const char* revision) {
    return is_approved(Json::object({{"queue_status", status}, {"reviewed_revid", revision}}),
                       "new");
  };
  CHECK(is("Approved", "new"));
  CHECK(is("Approved", ""));
  CHECK_FALSE(is("Approved", "old"));
  for (const auto* status : {"Needs review", "Work in progress", "Queued", "Code failed to merge",
                             "approved", "", "a word of next year"})
    CHECK_FALSE(is(status, "new"));
  CHECK_FALSE(is_approved(Json::object(), ""));
  for (const auto* status : {"Merged", "Rejected", "Superseded"})
    CHECK_FALSE(is_open(Json::object({{"queue_status", status}})));
}

TEST_CASE("what a link says") {
  CHECK(name_in(k_api + "/~alice") == "alice");
  CHECK(name_in(k_api + "/~alice/+email/x") == "alice");
  CHECK(name_in(k_api + "/bugs/1").empty());
  CHECK(name_in("").empty());
  const auto number = [](const std::string& link) {
    return number_of(Json::object({{"self_link", link}}));
  };
  CHECK(number(k_api + "/~alice/thumbs/+git/thumbs/+merge/12") == "12");
  CHECK(number(k_api + "/~alice/thumbs/fix/+merge/").empty());
  CHECK(number(k_api + "/~alice/thumbs/fix/+merge/1x").empty());
  CHECK(number(k_api + "/~alice").empty());
}

TEST_CASE("where a proposal is from") {
  const auto git = json(R"({"source_git_repository_link":"r","source_git_path":"refs/heads/fix",
      "source_branch_link":null,"target_branch_link":"b"})");
  CHECK(place_of(git, "source") == Place{"r", "refs/heads/fix"});
  CHECK(place_of(git, "target") == Place{"b", ""});
  CHECK(place_of(git, "prerequisite") == Place{});
}

TEST_CASE("where a branch is fetched from") {
  TargetConfig target;
  const LandingSite site{{"r", "refs/heads/main"}, "/r", "/r/+ref/main", "base"};
  const auto entry = json(R"({"git_https_url":"https://git.launchpad.net/~a/t/+git/t",
      "git_ssh_url":"git+ssh://git.launchpad.net/~a/t/+git/t","unique_name":"~a/t/fix"})");
  target.repository = "https://git.launchpad.net/~team/t/+git/t";
  CHECK_FALSE(is_breezy(target, "~team/t/+git/t"));
  CHECK(source_of({"r", "refs/heads/fix"}, entry, site, target)->url.empty());
  CHECK(source_of({"o", "refs/heads/fix"}, entry, site, target)->url ==
        "https://git.launchpad.net/~a/t/+git/t");
  target.repository = "git+ssh://git.launchpad.net/~team/t/+git/t";
  CHECK(source_of({"o", "refs/heads/fix"}, entry, site, target)->url ==
        "git+ssh://git.launchpad.net/~a/t/+git/t");
  CHECK_FALSE(source_of({"o", "refs/heads/fix"}, Json::object(), site, target));
  target.repository = "lp:~team/t/trunk";
  CHECK(is_breezy(target, "~team/t/trunk"));
  CHECK(source_of({"b", ""}, entry, site, target)->ref == "lp:~a/t/fix");
  target.repository = "bzr+ssh://bazaar.launchpad.net/~team/t/trunk";
  CHECK(is_breezy(target, "~team/t/trunk"));
  CHECK(source_of({"b", ""}, entry, site, target)->ref ==
        "bzr+ssh://bazaar.launchpad.net/~a/t/fix");
  CHECK_FALSE(source_of({"b", ""}, Json::object(), site, target));
}

TEST_CASE("the words of a proposal are its commit message, and the bugs") {
  auto one = spoken(R"(,"commit_message":"Mend it\r\n\r\nFor #170 and #4.","description":"no")");
  one.bugs = list(R"([{"id":4},{"id":17}])");
  const auto words = words_of(one, "refs/heads/fix");
  CHECK(words.title == "Mend it");
  CHECK(words.description == "For #170 and #4.\n\nLP: #17");
  CHECK(words_of(spoken(R"(,"commit_message":null,"description":"It is\nso")"), "b").title ==
        "It is");
  CHECK(words_of(spoken(), "refs/heads/fix").title == "refs/heads/fix");
}

TEST_CASE("only a report that has succeeded is a pass") {
  const auto state = [](const std::string& result) {
    return statuses_of(list(R"([{"title":"ci","result":")" + result + "\"}]")).front().state;
  };
  CHECK(state("Succeeded") == State::passed);
  for (const auto* word : {"Failed", "Skipped", "Cancelled"}) CHECK(state(word) == State::failed);
  for (const auto* word : {"Waiting", "Running", "", "a word of next year"})
    CHECK(state(word) == State::pending);
  const auto newest = statuses_of(list(R"([
      {"title":"ci","result":"Failed","date_created":"2026-01-01T10:00:00+00:00"},
      {"title":"ci","result":"Succeeded","date_created":"2026-01-01T09:00:00+00:00"}])"));
  REQUIRE(newest.size() == 1);
  CHECK(newest.front().state == State::failed);
}

TEST_CASE("the comment keeps the end of a long log") {
  ProposalReport report;
  report.state = ProposalReport::State::rejected;
  report.head = "abc";
  report.summary = "tests failed";
  report.text = std::string(30'000, 'x') + "\nthe last\x1b[0m line\n";
  const auto text = report_text(report);
  CHECK(text.starts_with("Rejected, at abc\n"));
  CHECK(text.ends_with("the last[0m line"));
  CHECK(text.size() < 21'000);
}

TEST_CASE("an operation's parameters are JSON") {
  CHECK(asking("/+git", "getByPath", {{"path", "~a/+git"}}) ==
        "/+git?ws.op=getByPath&path=%22~a%2F%2Bgit%22");
  CHECK(asking("/x", "op", {{"n", 12}, {"yes", true}}) == "/x?ws.op=op&n=12&yes=true");
  ServedRepository at;
  at.host = "git.launchpad.net";
  CHECK(api_of(at) == k_api);
  at.host = "lp";
  CHECK(api_of(at) == k_api);
}
