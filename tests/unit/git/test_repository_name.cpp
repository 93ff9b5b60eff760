#include <catch2/catch.hpp>

#include <vector>

#include "plugins/git/repository_name.hpp"

using namespace cdctl;
using namespace cdctl::git;
using Catch::Matchers::Contains;

namespace {

Address at(std::string_view text) {
  auto out = parse_address(text, "/etc/cdctl");
  if (!out) FAIL(out.error().what);
  return *out;
}

bool same(std::string_view review, std::string_view ours,
          const std::vector<std::string_view>& others = {}) {
  std::vector<Address> known;
  for (const auto other : others) known.push_back(at(other));
  return is_repository(repository_name(at(review)), at(ours), known);
}

}  // namespace

TEST_CASE("two ways to write an address are one repository") {
  CHECK(same("/srv/thumbs.git", "/srv/thumbs"));
  CHECK(same("file:///srv/thumbs.git", "/srv/thumbs.git/"));
  CHECK(same("git@git.example:team/thumbs.git", "ssh://git@GIT.example/~/team/thumbs"));
  CHECK(same("ssh://git.example:22/srv/thumbs.git", "alice@git.example:/srv/thumbs.git"));
  CHECK(same("https://git.example/thumbs.git", "https://token@git.example:443/thumbs"));
}

TEST_CASE("a review of one repository is none of another") {
  CHECK_FALSE(same("/srv/origin.git", "/srv/prod.git"));
  CHECK_FALSE(same("/srv/play/thumbs.git", "/srv/prod/thumbs.git"));
  CHECK_FALSE(same("https://git.example/thumbs.git", "https://git.example/prod/thumbs.git"));
  CHECK_FALSE(same("https://git.example/alice/thumbs", "https://git.example/team/thumbs"));
  CHECK_FALSE(same("https://mirror.example/thumbs.git", "https://git.example/thumbs.git"));
  CHECK_FALSE(same("alice@git.example:thumbs.git", "bob@git.example:thumbs.git"));
  CHECK_FALSE(same("ssh://git.example:2222/thumbs.git", "ssh://git.example/thumbs.git"));
  CHECK_FALSE(is_repository("ext::sh -c id", at("/srv/thumbs.git"), {}));
}

TEST_CASE("by another transport the end of the path says what may be one") {
  CHECK(same("git@git.example:thumbs.git", "/srv/git/thumbs.git"));
  CHECK(same("https://git.example/thumbs.git", "ssh://git.example/srv/git/thumbs.git"));
  CHECK_FALSE(same("https://git.example/thumbs.git", "ssh://other.example/srv/git/thumbs.git"));
  CHECK_FALSE(same("git@git.example:thumbs.git", "/srv/git/spec.git"));
  CHECK_FALSE(same("git@git.example:play/thumbs.git", "/srv/git/prod/thumbs.git"));
  // unless the target says by which addresses it is known
  CHECK_FALSE(same("git@git.example:thumbs.git", "/srv/git/thumbs.git", {"https://a.example/t"}));
  CHECK(same("https://a.example/t.git", "/srv/git/thumbs.git", {"https://a.example/t"}));
  CHECK(same("/srv/git/thumbs.git", "/srv/git/thumbs.git", {"https://a.example/t"}));
}

TEST_CASE("a review that names no repository counts where a target does not ask for it") {
  const auto ours = at("/srv/thumbs.git");
  const std::vector<Address> others{at("https://a.example/t")};
  CHECK(why_elsewhere("", ours, {}).empty());
  CHECK_THAT(why_elsewhere("", ours, others), Contains("git.known_as"));
  CHECK_THAT(why_elsewhere("https://u:p@b.example/t", ours, {}),
             Contains("git.known_as") && !Contains("u:p"));
}
