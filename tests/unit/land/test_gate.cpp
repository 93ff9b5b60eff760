#include <catch2/catch.hpp>

#include "core/land/gate.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;

namespace {

TargetConfig target() {
  TargetConfig out;
  out.name = "main";
  return out;
}

records::Proposal proposal(const std::string& name) {
  records::Proposal out;
  out.target = "main";
  out.proposal = name;
  out.kind = "git";
  out.head = "head-of-" + name;
  out.authors = {{"Alice", "alice@example.com"}};
  out.votes = {{"bob@example.com", "Approve", out.head, true, "", now()}};
  return out;
}

records::Proposal after(records::Proposal out, const std::string& other,
                        const std::string& state = "open") {
  out.after.push_back({other, state});
  return out;
}

std::vector<records::Candidate> judged(const std::vector<records::Proposal>& proposals,
                                       const TargetConfig& config = target()) {
  auto out = land::judge(config, proposals);
  REQUIRE(out);
  return *out;
}

std::string ready(const std::vector<records::Candidate>& candidates) {
  std::string out;
  for (const auto& one : candidates)
    if (one.verdict == "ready") out += one.proposal + " ";
  return out;
}

const records::Candidate& find(const std::vector<records::Candidate>& all,
                               const std::string& name) {
  for (const auto& one : all)
    if (one.proposal == name) return one;
  FAIL("no candidate " << name);
  return all.front();
}

}  // namespace

TEST_CASE("an approved proposal is ready, and its reviewers are named", "[land]") {
  const auto all = judged({proposal("a")});
  CHECK(ready(all) == "a ");
  CHECK(all.front().reviewers == std::vector<std::string>{"bob@example.com"});
}

TEST_CASE("a vote counts at the head that was reviewed, and not after a force push", "[land]") {
  auto one = proposal("a");
  one.votes.front().head = "before";
  const auto all = judged({one});
  CHECK(all.front().verdict == "waiting");
  CHECK_THAT(all.front().why, Contains("Approve >= 1 (has 0)") && Contains("of an older head"));
}

TEST_CASE("who made a proposal has no vote on it, and neither has a key that nobody knows",
          "[land]") {
  auto own = proposal("own"), unknown = proposal("unknown");
  own.votes.front().who = "Alice@example.com";
  unknown.votes.front().trusted = false;
  unknown.votes.front().why = "its key is not one of git.reviewers";
  const auto all = judged({own, unknown});
  CHECK(ready(all).empty());
  CHECK_THAT(find(all, "own").why, Contains("an author's own"));
  CHECK_THAT(find(all, "unknown").why, Contains("its key is not one of git.reviewers"));
}

TEST_CASE("Tarmac 7: a vote that is missing is waited for, and changes nothing", "[land]") {
  auto one = proposal("a");
  one.votes.clear();
  CHECK(judged({one}).front().verdict == "waiting");
}

TEST_CASE("of a proposal whose reviews could not be read nothing is decided, and the others go on",
          "[land]") {
  auto open_to_all = target();
  open_to_all.votes = "Disapprove == 0";
  auto unread = proposal("a");
  unread.votes.push_back({"", "Unknown", unread.head, false, "the forge answers 500", {}});
  const auto all = judged({unread, proposal("b"), after(proposal("c"), "a")}, open_to_all);
  CHECK(ready(all) == "b ");
  CHECK(find(all, "a").verdict == "deferred");
  CHECK_THAT(find(all, "a").why, Contains("the forge answers 500"));
  CHECK(find(all, "c").verdict == "waiting");
  // What a reviewer says is no mark.
  auto said = proposal("d");
  said.votes.push_back({"mallory@example.com", "Unknown", said.head, false, "", {}});
  CHECK(ready(judged({said})) == "d ");
}

TEST_CASE("a reviewer who wants more is heard", "[land]") {
  auto one = proposal("a");
  one.votes.push_back({"carol@example.com", "Needs Fixing", one.head, true, "", now()});
  CHECK_THAT(judged({one}).front().why, Contains("Needs Fixing == 0 (has 1)"));
}

TEST_CASE("votes are counted before contributors are looked at", "[land]") {
  auto config = target();
  config.contributors = {"*@Example.com"};
  auto stranger = proposal("a");
  stranger.authors.push_back({"Mallory", "mallory@elsewhere.example"});
  CHECK(ready(judged({proposal("b"), stranger}, config)) == "b ");
  const auto all = judged({stranger}, config);
  CHECK(all.front().verdict == "rejected");
  CHECK_THAT(all.front().why, Contains("mallory@elsewhere.example"));
  stranger.votes.clear();
  CHECK(judged({stranger}, config).front().verdict == "waiting");
}

TEST_CASE("Tarmac 5: a chain of three lands in its order, however it is shuffled", "[land]") {
  const auto a = proposal("a"), b = after(proposal("b"), "a"), c = after(proposal("c"), "b");
  const auto d = proposal("d");
  CHECK(ready(judged({c, b, a, d})) == "a b c d ");
  CHECK(ready(judged({b, d, c, a})) == "d a b c ");
  CHECK(ready(judged({c, a, d, b})) == "a d b c ");
}

TEST_CASE("what comes after one that may not land waits for it", "[land]") {
  auto a = proposal("a");
  a.votes.clear();
  const auto all = judged({after(proposal("b"), "a"), a, proposal("c")});
  CHECK(ready(all) == "c ");
  CHECK_THAT(find(all, "b").why, Contains("prerequisite: a is waiting: votes"));
}

TEST_CASE("a prerequisite that has landed is none, and one that is gone is waited for", "[land]") {
  const auto all = judged({after(proposal("b"), "a", "landed"), after(proposal("c"), "x", "gone")});
  CHECK(ready(all) == "b ");
  CHECK_THAT(find(all, "c").why, Contains("x is neither proposed nor on main"));
}

TEST_CASE("a circle of prerequisites is named, and holds back nobody else", "[land]") {
  const auto all =
      judged({after(proposal("a"), "c"), after(proposal("b"), "a"), after(proposal("c"), "b"),
              proposal("d"), after(proposal("e"), "a"), after(proposal("f"), "f")});
  CHECK(ready(all) == "d ");
  CHECK_THAT(find(all, "a").why, Contains("a circle: a after c after b after a"));
  CHECK_THAT(find(all, "b").why, Contains("a circle"));
  CHECK(find(all, "e").verdict == "waiting");
  CHECK_THAT(find(all, "f").why, Contains("f after f"));
}

TEST_CASE("what has landed already is told apart", "[land]") {
  auto one = proposal("a");
  one.merged = true;
  one.votes.clear();
  CHECK(judged({one}).front().verdict == "merged");
  CHECK(ready(judged({one, after(proposal("b"), "a")})) == "b ");
}

TEST_CASE("Tarmac 4: a wrong votes line is an error of its target, and nothing is decided",
          "[land]") {
  auto config = target();
  config.votes = "Approve > = 2";
  const auto out = land::judge(config, {proposal("a")});
  REQUIRE_FALSE(out);
  CHECK(out.error().exit == ExitCode::config);
}

TEST_CASE("a vote that nobody knows counts for nothing", "[land]") {
  auto one = proposal("a");
  one.votes.front().value = "LGTM";
  CHECK_THAT(judged({one}).front().why, Contains("no vote that is known"));
}

TEST_CASE("a draft waits, and what has a label that holds", "[land]") {
  auto draft = proposal("a"), held = proposal("b"), fine = proposal("c");
  draft.draft = true;
  held.labels = {"fine", "wip"};
  fine.labels = {"fine"};
  auto config = target();
  config.hold = {"hold", "wip"};
  const auto all = judged({draft, held, fine, after(proposal("d"), "b")}, config);
  CHECK(ready(all) == "c ");
  CHECK(find(all, "a").why == "hold: it is a draft");
  CHECK(find(all, "b").why == "hold: label wip");
  CHECK_THAT(find(all, "d").why, Contains("b is waiting: hold: label wip"));
  config.hold.clear();
  CHECK(ready(judged({held}, config)) == "b ");
}

TEST_CASE("nothing lands on a frozen target, and what has landed is cleared all the same",
          "[land]") {
  auto unread = proposal("b"), there = proposal("c");
  unread.votes.clear();
  there.merged = true;
  const auto out = land::judge(target(), {proposal("a"), unread, there}, {"the release", {}});
  REQUIRE(out);
  CHECK(ready(*out).empty());
  CHECK(find(*out, "a").why == "frozen: the release");
  CHECK_THAT(find(*out, "b").why, Contains("votes"));
  CHECK(find(*out, "c").verdict == "merged");
}

TEST_CASE("the fast lane goes first, with what it comes after, and lets nothing through",
          "[land]") {
  auto urgent = after(proposal("d"), "c"), unread = proposal("e");
  urgent.labels = unread.labels = {"urgent"};
  unread.votes.clear();
  const auto out = land::judge(
      target(), {proposal("a"), proposal("b"), proposal("c"), urgent, unread}, {{}, "urgent"});
  REQUIRE(out);
  CHECK(ready(*out) == "c d a b ");
}

TEST_CASE("what a proposal carries that nobody knows here goes on, but for a candidate's own words",
          "[land]") {
  auto given = proposal("a");
  given.more = Json::object({{"priority", "high"},
                             {"verdict", "verified"},
                             {"seal", "f00"},
                             {"commit", "c0ffee"},
                             {"reviewers", Json::array({"mallory@example.com"})}});
  given.votes.front().more = Json::object({{"device", "phone"}});
  const auto record = records::encode(judged({given}).front());
  CHECK(record["priority"].view() == "high");
  CHECK(record["votes"].items().front()["device"].view() == "phone");
  CHECK(record["verdict"].view() == "ready");
  CHECK(record["reviewers"].dump() == R"(["bob@example.com"])");
  CHECK(!record.find("seal"));
  CHECK(!record.find("commit"));
  CHECK(records::encode(records::decode<records::Candidate>(record)).dump() == record.dump());
}
