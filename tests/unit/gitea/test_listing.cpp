#include <map>

#include <catch2/catch.hpp>

#include <cdctl/text.hpp>

#include "plugins/gitea/gitea_server.hpp"
#include "support/fake_http.hpp"
#include "support/test_host.hpp"

using namespace cdctl;
using Catch::Matchers::Contains;
using test::FakeHttp;

namespace {

/// Pull requests 1, by bob approved, and 2, by carol. What a test puts into `bad` is refused.
struct Stand {
  std::map<std::string, int> bad;  ///< a part of a path: the status
  std::string depends = "#9";
  std::string odd;  ///< one more pull request
  test::TempDir folder;
  test::TestHost host{folder.path()};
  FakeHttp http{[this](const FakeHttp::Request& request) {
    const auto& path = request.path;
    for (const auto& [part, status] : bad)
      if (path.contains(part)) return FakeHttp::answer(status, R"({"message":"trouble"})");
    const std::string tip = R"({"name":"main","commit":{"id":"b1"}})";
    if (path.contains("/branches/")) return FakeHttp::answer(200, tip);
    if (path.contains("/permission")) return FakeHttp::answer(200, R"({"permission":"write"})");
    if (path.contains("/commits"))
      return FakeHttp::answer(
          200, R"([{"sha":"x","commit":{"author":{"name":"A","email":"a@e"},"message":"m"}}])");
    for (const auto* number : {"1", "2"})
      if (path.contains("/pulls/" + std::string(number) + "/reviews"))
        return FakeHttp::answer(200, review(*number == '1' ? "bob" : "carol", number));
    if (path.contains("/orgs/")) return FakeHttp::answer(200, "[]");
    if (path.contains("/pulls/9"))
      return FakeHttp::answer(
          200, R"({"number":9,"state":"closed","merged":true,"base":{"ref":"main"}})");
    return FakeHttp::answer(200, "[" + odd + (odd.empty() ? "" : ",") + pull("1", "") + "," +
                                     pull("2", "Depends-On: " + depends) + "]");
  }};
  gitea::GiteaServer server{host, {http.url(), "team/thumbs", "token"}};
  TargetConfig target;

  Stand() {
    target.name = target.branch = "main";
    target.forge = "gitea";
  }
  static std::string pull(const std::string& number, const std::string& body) {
    return R"({"id":)" + number + R"(,"number":)" + number +
           R"(,"state":"open","title":"T","body":")" + body +
           R"(","user":{"id":1,"login":"alice"},"head":{"sha":"h)" + number +
           R"(","ref":"x"},"base":{"ref":"main"}})";
  }
  static std::string review(const std::string& login, const std::string& number) {
    return R"([{"id":5,"user":{"id":2,"login":")" + login +
           R"("},"state":"APPROVED","commit_id":"h)" + number + R"("}])";
  }
  Result<std::vector<Proposal>> list() {
    const auto* const one = &target;
    return std::move(server.list(std::span(&one, 1), Deadline(Millis(30'000))).front());
  }
};

/// Why it is unknown what was said of a proposal; empty where it is known.
std::string unread(const Proposal& proposal) {
  for (const auto& vote : proposal.votes)
    if (vote.who.empty() && vote.value == "Unknown" && !vote.trusted) return vote.why;
  return {};
}

bool approved(const Proposal& proposal) {
  return std::ranges::any_of(
      proposal.votes, [](const Vote& vote) { return vote.value == "Approve" && vote.trusted; });
}

}  // namespace

TEST_CASE("one bad answer about a pull request leaves the others as they are") {
  for (const auto* part : {"/pulls/1/reviews", "/pulls/1/commits", "/collaborators/bob/"}) {
    INFO(part);
    Stand s;
    s.bad = {{part, 403}};
    const auto all = s.list();
    REQUIRE(all);
    REQUIRE(all->size() == 2);
    CHECK_THAT(unread(all->front()), Contains("403"));
    CHECK(unread(all->back()).empty());
    CHECK(approved(all->back()));
    REQUIRE(all->back().after.size() == 1);
    CHECK(all->back().after.front().state == Prerequisite::State::landed);
  }
}

TEST_CASE("one without a head or a number is left out alone") {
  for (const auto& [odd, told] :
       {std::pair{R"({"number":3,"state":"open","base":{"ref":"main"}})",
                  "does not tell the head of pull request 3: it is left out"},
        {R"({"number":"x","base":{"ref":"main"},"head":{"sha":"h"}})",
         "does not tell the number of a pull request"}}) {
    Stand s;
    s.odd = odd;
    const auto all = s.list();
    REQUIRE(all);
    CHECK(all->size() == 2);
    CHECK(approved(all->back()));
    CHECK_THAT(joined(s.host.logged), Contains(told));
  }
}

TEST_CASE("a prerequisite that cannot be looked at concerns who comes after it") {
  Stand s;
  s.bad = {{"/pulls/9", 403}};
  const auto all = s.list();
  REQUIRE(all);
  CHECK(unread(all->front()).empty());
  CHECK(approved(all->front()));
  CHECK_THAT(unread(all->back()), Contains("403"));
}

TEST_CASE("a number that nothing can have is proposed nowhere") {
  Stand s;
  s.depends = "#99999999999999999999";
  const auto all = s.list();
  REQUIRE(all);
  CHECK(unread(all->back()).empty());
  REQUIRE(all->back().after.size() == 1);
  CHECK(all->back().after.front().state == Prerequisite::State::gone);
}

TEST_CASE("where nothing can be read of any, that is one error") {
  for (const auto* part : {"/reviews", "/permission", "/pulls?", "/branches/"}) {
    INFO(part);
    Stand s;
    s.bad = {{part, 403}};
    const auto all = s.list();
    REQUIRE_FALSE(all);
    CHECK(all.error().exit == ExitCode::unknown);
    CHECK_THAT(all.error().what, Contains("403"));
  }
}

TEST_CASE("whoever could not be asked about has no word that counts") {
  Stand s;
  s.bad = {{"/collaborators/bob/", 403}};
  const auto all = s.list();
  REQUIRE(all);
  CHECK_FALSE(approved(all->front()));
  CHECK_THAT(unread(all->front()), Contains("bob") && Contains("gitea.reviewers"));
}

TEST_CASE("who reviews hears why their word would not count") {
  Stand s;
  const auto change = s.server.read(*Json::parse(Stand::pull("1", "")));
  const auto why = [&](const std::string& who) {
    return s.server.why_not_counted(s.target, change, who, Deadline(Millis(30'000)));
  };
  CHECK_THAT(why("Alice").value(), Contains("Alice has made some of it"));
  CHECK(why("bob").value().empty());
  s.target.table = *Json::parse(R"({"gitea":{"reviewers":["carol"]}})");
  CHECK(why("bob").value() == "bob is none of gitea.reviewers");
  CHECK(why("carol").value().empty());
  s.target.table = *Json::parse(R"({"gitea":{"reviewers":["carol","team/readers"]}})");
  CHECK_FALSE(why("bob"));  // no such team that this token may see
  s.target.table = Json();
  s.bad = {{"/permission", 403}};
  CHECK_FALSE(why("bob"));  // nobody knows: nobody is told
}
