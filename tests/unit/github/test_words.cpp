#include <catch2/catch.hpp>

#include "plugins/forges/vote_line.hpp"
#include "plugins/github/github_server.hpp"

using namespace cdctl;
using State = CommitStatus::State;

TEST_CASE("a check that nobody has ended well is not a pass") {
  using github::check_state;
  for (const auto* word : {"success", "neutral", "skipped"})
    CHECK(check_state("completed", word) == State::passed);
  for (const auto* word :
       {"failure", "cancelled", "timed_out", "action_required", "stale", "startup_failure"})
    CHECK(check_state("completed", word) == State::failed);
  CHECK(check_state("completed", "") == State::pending);
  CHECK(check_state("completed", "a word of next year") == State::pending);
  for (const auto* word : {"queued", "in_progress", "waiting", "requested", "pending", ""})
    CHECK(check_state(word, "success") == State::pending);
  CHECK(github::status_state("success") == State::passed);
  CHECK(github::status_state("error") == State::failed);
  CHECK(github::status_state("expected") == State::pending);
}

TEST_CASE("what a review says") {
  const auto vote = [](std::string_view state, std::string body = {}) {
    return forges::vote_of(Json::object({{"state", state}, {"body", std::move(body)}}),
                           github::k_review_words);
  };
  CHECK(vote("APPROVED") == "Approve");
  CHECK(vote("CHANGES_REQUESTED") == "Needs Fixing");
  CHECK(vote("CHANGES_REQUESTED", "x\n\n" + forges::vote_line("Disapprove")) == "Disapprove");
  CHECK(vote("APPROVED", forges::vote_line("Disapprove")) == "Approve");
  for (const auto* state : {"COMMENTED", "PENDING", "DISMISSED", ""}) CHECK(vote(state).empty());
}
