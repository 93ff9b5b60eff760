#include <catch2/catch.hpp>

#include "plugins/forges/vote_line.hpp"
#include "plugins/gitea/gitea_server.hpp"

using namespace cdctl;
using State = CommitStatus::State;

TEST_CASE("a status that nobody has ended well is not a pass") {
  for (const auto* word : {"success", "warning", "skipped"})
    CHECK(gitea::status_state(word) == State::passed);
  CHECK(gitea::status_state("error") == State::failed);
  CHECK(gitea::status_state("failure") == State::failed);
  for (const auto* word : {"pending", "", "a word of next year"})
    CHECK(gitea::status_state(word) == State::pending);
}

TEST_CASE("what a review says") {
  const auto vote = [](std::string_view state, std::string body = {}) {
    return forges::vote_of(Json::object({{"state", state}, {"body", std::move(body)}}),
                           gitea::k_review_words);
  };
  CHECK(vote("APPROVED") == "Approve");
  CHECK(vote("REQUEST_CHANGES") == "Needs Fixing");
  CHECK(vote("REQUEST_CHANGES", forges::vote_line("Needs Information")) == "Needs Information");
  for (const auto* state : {"COMMENT", "PENDING", "REQUEST_REVIEW", ""}) CHECK(vote(state).empty());
}
