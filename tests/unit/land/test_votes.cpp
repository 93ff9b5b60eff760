#include <catch2/catch.hpp>

#include "core/land/votes.hpp"

using namespace cdctl;
using land::VotePolicy;

namespace {

bool holds(std::string_view text, const land::VoteCounts& counts) {
  const auto policy = VotePolicy::parse(text);
  REQUIRE(policy);
  return policy->holds(counts);
}

}  // namespace

TEST_CASE("Tarmac's votes language is read verbatim", "[land]") {
  CHECK(holds("Approve >= 2, Disapprove == 0", {{"Approve", 2}}));
  CHECK_FALSE(holds("Approve >= 2, Disapprove == 0", {{"Approve", 1}}));
  CHECK_FALSE(holds("Approve >= 2, Disapprove == 0", {{"Approve", 2}, {"Disapprove", 1}}));
  CHECK(holds("Approve >= 1; Needs Fixing == 0", {{"Approve", 1}}));
  CHECK(holds("Approve>=1,Needs Fixing==0;Needs Information<1", {{"Approve", 1}}));
  CHECK(holds("Approve > 0", {{"Approve", 1}}));
  CHECK(holds("Approve <= 1", {{"Approve", 1}}));
  CHECK_FALSE(holds("Approve < 1", {{"Approve", 1}}));
  CHECK(holds("Pending == 0", {}));
  CHECK(holds("Approve >= 0", {}));
}

TEST_CASE("A vote can be asked not to be so many", "[land]") {
  CHECK(holds("Approve != 0", {{"Approve", 1}}));
  CHECK_FALSE(holds("Approve != 1", {{"Approve", 1}}));
}

TEST_CASE("An abstention never counts", "[land]") {
  CHECK(holds("Abstain == 0", {{"Abstain", 5}}));
  CHECK(holds("Abstain < 1", {{"Abstain", 5}}));
}

TEST_CASE("The case of a vote does not matter, and a dash is a blank", "[land]") {
  CHECK_FALSE(holds("needs fixing == 0", {{"Needs Fixing", 1}}));
  CHECK(land::vote_of("needs-fixing") == "Needs Fixing");
  CHECK(land::vote_of("approve") == "Approve");
  CHECK(land::vote_of("lgtm").empty());
}

TEST_CASE("A wrong votes line says where it is wrong", "[land]") {
  const auto what = [](std::string_view text) {
    const auto policy = VotePolicy::parse(text);
    REQUIRE_FALSE(policy);
    CHECK(policy.error().exit == ExitCode::config);
    return policy.error().what;
  };
  CHECK(what("").contains("column 1"));
  CHECK(what("Approve").contains("needs an operator"));
  CHECK(what("Approve => 1").contains("'=>' is no operator"));
  CHECK(what("Approve = 1").contains("'=' is no operator"));
  CHECK(what("Approve >= two").contains("'two'"));
  CHECK(what("Approve >= -1").contains("'-1'"));
  CHECK(what("Approve >= 1,").contains("is missing (column 14)"));
  CHECK(what("Approve >= 1, Dissaprove == 0").contains("did you mean 'Disapprove'"));
  CHECK(what("Approve >= 99999999999999999999").contains("no whole number"));
  CHECK(what("Approve >= 1, Abstain >= 1").contains("never counts, so that nothing would ever"));
  CHECK(what("Disapprove < 0").contains("never fewer than 0 votes (column 1)"));
}

TEST_CASE("What is missing is told with what there is", "[land]") {
  const auto policy = VotePolicy::parse("Approve >= 2, Disapprove == 0");
  REQUIRE(policy);
  CHECK(policy->missing({{"Approve", 1}, {"Disapprove", 1}}) ==
        "Approve >= 2 (has 1), Disapprove == 0 (has 1)");
  CHECK(policy->missing({{"Approve", 2}}).empty());
}
