#include <catch2/catch.hpp>

#include <cstdlib>

#include "core/land/landed.hpp"
#include "support/fake_service.hpp"

using namespace cdctl;

namespace {

struct Stand {
  test::TempDir home;
  test::KeptOutput out;
  app::Context context{{}, out};

  Stand() { ::setenv("CDCTL_HOME", home.path().c_str(), 1); }
  ~Stand() { ::unsetenv("CDCTL_HOME"); }

  void land(const std::string& proposal, const std::string& base, const std::string& commit) {
    records::Candidate candidate;
    candidate.target = "main";
    candidate.proposal = proposal;
    candidate.title = "Title of " + proposal;
    candidate.authors = {{"Alice", "alice@example.com"}};
    candidate.reviewers = {"bob@example.com"};
    candidate.base = base;
    land::note_landing(context, candidate, commit, at_ += std::chrono::seconds(1));
  }
  static Sources at(const std::string& trunk) {
    return {{"trunk", {"git", "/thumbs", trunk, {}}}, {"spec", {"git", "/spec", "s1", {}}}};
  }
  std::string brought(const std::string& now, const std::vector<std::string>& before) {
    std::vector<Sources> sets;
    for (const auto& trunk : before) sets.push_back(at(trunk));
    std::string names;
    const auto all = land::landings_in(context, at(now), sets);
    for (const auto& one : all.items()) names += one["proposal"].as_string() + " ";
    return names;
  }

 private:
  Time at_ = Time(std::chrono::seconds(1'700'000'000));
};

}  // namespace

TEST_CASE("a revision brings what has landed since the sets before it", "[land]") {
  Stand s;
  s.land("a", "c0", "c1");
  s.land("b", "c1", "c2");
  s.land("c", "c2", "c3");
  CHECK(s.brought("c3", {"c0"}) == "a b c ");
  CHECK(s.brought("c3", {"c0", "c2"}) == "c ");
  CHECK(s.brought("c1", {"c0", "c3"}) == "a ");  // an older one that goes out again
  CHECK(s.brought("c3", {"c3"}).empty());        // its spec is what is new
  CHECK(s.brought("c3", {}).empty());            // the first of its service
  CHECK(s.brought("c3", {"elsewhere"}) == "a b c ");
  s.land("d", "by-hand", "c5");
  CHECK(s.brought("c5", {"c3"}) == "d ");
  CHECK(s.brought("../c5", {"c3"}).empty());
}

TEST_CASE("what a set has brought is kept with it", "[land]") {
  Stand s;
  s.land("a", "c0", "c1");
  CHECK(land::landings_of(s.context, "thumbs-r0123456789").is_null());
  const auto brought = land::landings_in(s.context, Stand::at("c1"), {Stand::at("c0")});
  land::keep_landings(s.context, "thumbs-r0123456789", brought);
  const auto found = land::landings_of(s.context, "thumbs-r0123456789");
  REQUIRE(found.items().size() == 1);
  const auto& one = found.items().front();
  CHECK(one["title"].view() == "Title of a");
  CHECK(one["reviewers"].dump() == R"(["bob@example.com"])");
  CHECK(one["landed_at"].view() == "2023-11-14T22:13:21.000Z");
  CHECK(one["base"].is_null());
}
