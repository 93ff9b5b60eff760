#include <algorithm>

#include <catch2/catch.hpp>

#include "plugins/forges/key_rows.hpp"
#include "plugins/forges/trust.hpp"
#include "plugins/forges/vote_line.hpp"

using namespace cdctl;

TEST_CASE("a text keeps a vote that its server has no word for") {
  const auto text = forges::vote_text("Not so.", "Needs Information");
  CHECK(text.starts_with("Not so.\n"));
  CHECK(forges::vote_in(text, {"Disapprove", "Needs Information"}) == "Needs Information");
  CHECK(forges::vote_in(text, {"Disapprove"}).empty());
  CHECK(forges::vote_in(text + "\r\n", {"Needs Information"}) == "Needs Information");
  // What an author wrote, and a reviewer quotes, is nobody's vote.
  CHECK(forges::vote_in(text + "\n\nThis must not land.", {"Needs Information"}).empty());
  CHECK(forges::vote_in("> " + forges::vote_line("Abstain"), {"Abstain"}).empty());
  CHECK(forges::vote_text("", "Disapprove").starts_with("Disapprove\n"));
}

TEST_CASE("a forge's keys bear its name") {
  static constexpr auto k_keys = forges::key_rows<"someforge">([] {
    forges::KeyWords words;
    words.meaning = "What it is";
    words.api = "x";
    return words;
  }());
  CHECK(k_keys.front().name == "someforge");
  CHECK(k_keys.front().example == "{ token_file = \"someforge.token\" }");
  const auto named = [](std::string_view name) {
    return std::ranges::count(k_keys, name, &plugin::KeyRow::name);
  };
  CHECK(named("someforge.repository") == 1);
  CHECK(named("someforge.reviewers") == 1);
  // Those of the server may stand in cdctl.toml, too.
  for (const auto* key : {"someforge", "someforge.api", "someforge.token_file",
                          "someforge.token_env", "someforge.token_command"})
    CHECK(named(key) == 2);
}

TEST_CASE("who is named needs no question, and a bot has to be") {
  const auto is_group = [](std::string_view name) { return name.contains('/'); };
  TargetConfig target;
  target.forge = "someforge";
  const forges::Trust anybody(target, is_group);
  CHECK(anybody.by_right());
  CHECK(anybody.why_not("alice", false) == "they may not push to the repository");
  target.table =
      *Json::parse(R"({"someforge":{"reviewers":["Alice","helper[bot]","team/readers"]}})");
  const forges::Trust some(target, is_group);
  CHECK_FALSE(some.by_right());
  CHECK(some.named("alice"));
  CHECK(some.groups() == std::vector<std::string>{"team/readers"});
  CHECK(some.why_not("carol", false) == "they are none of someforge.reviewers");
  CHECK(some.why_not("other[bot]", true) == "it is a bot's");
  CHECK(some.why_not("", false) == "its account is gone");
}
