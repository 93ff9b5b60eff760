#include <catch2/catch.hpp>

#include "plugins/git/git_repository.hpp"
#include "tests/unit/git/landing_stand.hpp"

using namespace cdctl;
using test::k_all, test::k_long;
using Stand = test::LandingStand;

TEST_CASE("a commit that names a head does not make that head landed") {
  for (const auto method : {MergeMethod::squash, MergeMethod::rebase})
    for (const bool is_signed : {true, false}) {
      INFO(static_cast<int>(method) << is_signed);
      Stand s(method);
      s.begin("victim");
      s.work.commit("words", "one\nTWO\nthree\nfour\nfive\n");
      const auto victim = s.work.git({"rev-parse", "victim"});
      s.push("propose/main/victim");
      s.begin("evil");
      s.work.commit("other", "x");
      s.work.git({"commit", "--quiet", "--amend", "-m", "Innocent\n\nLand-head: " + victim});
      if (is_signed) s.sign_head();
      s.push("main", "evil");  // as a lander of before, or by hand
      auto request = s.request("victim");
      const auto made = s.repository.merge(s.target, request, k_long);
      REQUIRE(made);
      CHECK_FALSE(made->merged);
      CHECK_FALSE(made->commit.empty());
    }
}

TEST_CASE("what only a lander knows does not land because a commit says it, signed or not") {
  for (const auto method : k_all)
    for (const bool is_signed : {true, false}) {
      INFO(static_cast<int>(method) << is_signed);
      Stand s(method);
      s.go_on("b", "2");
      s.begin();
      s.work.commit("a", "1");
      s.work.git({"commit", "--quiet", "--amend", "-m",
                  "One\n\nWords.\n\nreviewed-by : ceo@example.com\n of the company\nFixes: #7\n"
                  "Land-Head: " +
                      std::string(40, '1') + "\nReviewed-by: bob@example.com"});
      if (is_signed) s.sign_head();
      s.propose();
      s.land_now();
      if (method != MergeMethod::rebase) continue;  // the words of the others are the request's
      CHECK(s.show("%B", "main") ==
            "One\n\nWords.\n\nFixes: #7\nReviewed-by: bob@example.com\n"
            "Land-head: " +
                s.request().head);
      CHECK(s.show("%an", "main") == s.show("%an", s.request().head));
    }
}

TEST_CASE("a rebase is known by what it has made, in another home and after others") {
  Stand s(MergeMethod::rebase);
  s.begin();
  s.work.commit("a", "1");
  s.work.commit("words", "one\nTWO\nthree\nfour\nfive\n");
  s.propose();
  s.go_on("b", "2");
  s.land_now();
  s.work.git({"fetch", "--quiet", s.origin.url(), "main"});
  s.work.git({"checkout", "--quiet", "main"});
  s.work.git({"reset", "--quiet", "--hard", "FETCH_HEAD"});
  s.go_on("words", "one\n2\nthree\nfour\nfive\n");
  test::TestHost other(s.dir.path() / "other");
  other.config_value.file = s.host.config_value.file;
  const auto again = git::GitRepository(other).merge(s.target, s.request(), k_long);
  REQUIRE(again);
  CHECK(again->merged);
}

TEST_CASE("a change that differs by white space, or stands elsewhere, is another one") {
  const std::string before = "def f(x):\n    if x:\n        a()\n";
  const std::string block = "1\n2\n3\n4\n5\n6\n", more = "1\n2\n3\nx\n4\n5\n6\n";
  for (const auto method : k_all) {
    INFO(static_cast<int>(method));
    for (const bool elsewhere : {false, true}) {
      INFO(elsewhere);
      Stand s(method);
      s.go_on("f", elsewhere ? block + block : before);
      s.begin();
      s.work.commit("f", elsewhere ? more + block : before + "    stop()\n");
      s.propose();
      s.go_on("f", elsewhere ? block + more : before + "        stop()\n");
      CHECK_FALSE(s.merge().merged);
    }
  }
}
