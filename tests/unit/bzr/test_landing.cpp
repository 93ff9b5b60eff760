#include <catch2/catch.hpp>

#include <filesystem>

#include <cdctl/fs.hpp>

#include "plugins/bzr/own_branch.hpp"
#include "plugins/bzr/proposal_places.hpp"
#include "plugins/bzr/review_file.hpp"
#include "plugins/bzr/revision_log.hpp"
#include "plugins/bzr/slow_places.hpp"
#include "plugins/bzr/testament.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::bzr;

namespace {

constexpr std::string_view k_dashes =
    "------------------------------------------------------------\n";

std::string revision(const std::string& indent, const std::string& id, const std::string& who,
                     const std::string& message) {
  return indent + std::string(k_dashes) + indent + "revno: 2\n" + indent + "revision-id: " + id +
         "\n" + indent + "committer: " + who + "\n" + indent + "branch nick: x\n" + indent +
         "timestamp: Mon 2026-11-30 13:39:36 +0100\n" + indent + "message:\n" + indent + "  " +
         message + "\n";
}

constexpr std::string_view k_testament =
    "bazaar-ng testament version 2.1\n"
    "revision-id: al@x-1\n"
    "message:\n"
    "  inventory:\n"
    "  file evil id 0 al@x-1 no\n"
    "inventory:\n"
    "  file a\\ b a-id 05dec960 al@x-1 no\n"
    "  file check check-id bd971bec al@x-0 yes\n"
    "properties:\n"
    "  branch-nick:\n"
    "    x\n";

std::string replaced(std::string_view text, std::string_view what, std::string_view by) {
  std::string out(text);
  out.replace(out.find(what), what.size(), by);
  return out;
}

}  // namespace

TEST_CASE("what a proposal adds is read from brz's log, merged revisions included") {
  const auto all = parse_log("You are missing 2 revisions:\n" +
                             revision("", "b-2", "Bob <bob@x>", "Merge\n  \n  of it") +
                             revision("    ", "a-1", "Alice <alice@x>", "Part"));
  REQUIRE(all.size() == 2);
  CHECK(all[0].id == "b-2");
  CHECK(all[0].title == "Merge");
  CHECK(all[0].description == "of it");
  CHECK(all[0].at == parse_rfc3339("2026-11-30T12:39:36Z"));
  CHECK(all[1].people == std::vector<Person>{{"Alice", "alice@x"}});
}

TEST_CASE("a message that looks like a revision hides none") {
  const auto fake =
      "x\n    " + std::string(k_dashes) + "    author: Bob <bob@x>\n    message:\n      y";
  const auto all = parse_log(revision("", "a-2", "Alice <alice@x>", fake) +
                             revision("    ", "e-1", "Eve <eve@x>", "Hidden"));
  REQUIRE(all.size() == 3);
  CHECK(all.back().people == std::vector<Person>{{"Eve", "eve@x"}});
}

TEST_CASE("several authors, and bugs of Launchpad") {
  auto text = revision("", "a-1", "Bob <bob@x>", "Mend");
  text.insert(text.find("committer"),
              "author: Alice A. <alice@x>, carol@x\n"
              "fixes bugs: https://launchpad.net/bugs/7 https://bugs.example/9\n");
  const auto all = parse_log(text);
  REQUIRE(all.size() == 1);
  CHECK(all[0].people ==
        std::vector<Person>{{"Alice A.", "alice@x"}, {"", "carol@x"}, {"Bob", "bob@x"}});
  CHECK(all[0].description == "LP: #7");
}

TEST_CASE("a tree is its files, whoever changed them last, and no more") {
  const auto one = parse_testament(k_testament);
  REQUIRE(one);
  const auto other = parse_testament(replaced(k_testament, "05dec960 al@x-1", "05dec960 bo@x-7"));
  CHECK(other->tree == one->tree);
  CHECK(other->digest != one->digest);
  CHECK(parse_testament(replaced(k_testament, "file evil", "file good"))->tree == one->tree);
  for (const auto& [what, by] :
       {std::pair{"05dec960", "05dec961"}, {"yes", "no"}, {"a\\ b", "a\\ c"}, {"a-id", "b-id"}})
    CHECK(parse_testament(replaced(k_testament, what, by))->tree != one->tree);
  CHECK_FALSE(parse_testament("brz: ERROR: no\n"));
  CHECK_FALSE(parse_testament(""));
}

TEST_CASE("a review is read as it was written, and no more than what is signed") {
  const Review review{"trunk",
                      "fix",
                      "al@x-1",
                      "abc",
                      "Needs Fixing",
                      parse_rfc3339("2026-11-30T12:00:00Z"),
                      "Two things.\n\nReview-vote: Approve"};
  const auto text = review_text(review) + "-----BEGIN SSH SIGNATURE-----\nU1\n";
  const auto read = parse_review(text);
  CHECK(read.payload == review_text(review));
  CHECK(read.signature == "-----BEGIN SSH SIGNATURE-----\nU1\n");
  CHECK(read.review.value == "Needs Fixing");
  CHECK(read.review.head == "al@x-1");
  CHECK(read.review.testament == "abc");
  CHECK(read.review.at == review.at);
  CHECK(read.review.comment == review.comment);
  CHECK(parse_review(review_text(review)).signature.empty());
  CHECK(parse_review("").review.value.empty());
}

TEST_CASE("the name of a proposal is one folder") {
  for (const auto* topic : {"fix", "fix-1", "1.2_x", "a+b", "bob@example.com"})
    CHECK(valid_topic(topic));
  for (const auto* topic :
       {"", ".bzr", "-o", "a/b", "..", "a b", "a;b", "$(id)", "fix.after", "fix.land", "a\nb"}) {
    INFO(topic);
    CHECK_FALSE(valid_topic(topic));
  }
  CHECK_FALSE(valid_topic(std::string(101, 'x')));
}

TEST_CASE("places where brz waited come last, and each has its turn") {
  std::vector<Place> places;
  for (const auto* name : {"a", "b", "c", "d"})
    places.push_back({name, {true, std::string("/srv/") + name}, true});
  const SlowPlaces::Times times{{"/srv/a", "2026-12-01T10:00:00.000Z"},
                                {"/srv/c", "2026-12-01T09:00:00.000Z"}};
  CHECK(SlowPlaces::order_of(places, {}) == std::vector<std::size_t>{0, 1, 2, 3});
  CHECK(SlowPlaces::order_of(places, times) == std::vector<std::size_t>{1, 3, 2, 0});
}

TEST_CASE("a place that leads elsewhere is no branch of its own") {
  namespace fs = std::filesystem;
  const test::TempDir dir;
  const Deadline deadline(std::chrono::seconds(10));
  const auto make = [&](const char* name, const std::string& format, const std::string& settings) {
    const auto branch = dir.path() / name / ".bzr" / "branch";
    REQUIRE(make_directories(branch));
    REQUIRE(write_file_atomically(branch.parent_path() / "branch-format",
                                  "Bazaar-NG meta directory, format 1\n"));
    REQUIRE(write_file_atomically(branch / "format", format));
    REQUIRE(write_file_atomically(branch / "last-revision", "1 al@x-1\n"));
    REQUIRE(write_file_atomically(branch / "branch.conf", settings));
    return Address{true, (dir.path() / name).string()};
  };
  const std::string format = "Bazaar Branch Format 7 (needs bzr 1.6)\n";
  const auto own = make("own", format, "parent_location = ../trunk/\n");
  CHECK(check_own_branch(own, deadline));
  CHECK(check_own_branch({true, (dir.path() / "nothing").string()}, deadline));
  CHECK_FALSE(
      check_own_branch(make("leads", "Bazaar-NG Branch Reference Format 1\n", ""), deadline));
  CHECK_FALSE(
      check_own_branch(make("stacked", format, "stacked_on_location = ../own\n"), deadline));
  CHECK_FALSE(check_own_branch(make("bound", format, "bound = True\n"), deadline));
  fs::create_directory_symlink("own", dir.path() / "linked");
  const Address linked{true, (dir.path() / "linked").string()};
  CHECK_FALSE(check_own_branch(linked, deadline));
  CHECK_FALSE(remove_own_branch(linked, "al@x-1", deadline));
  CHECK(remove_own_branch(own, "al@x-2", deadline) == false);  // it has moved
  CHECK(fs::exists(dir.path() / "own" / ".bzr" / "branch" / "format"));
  CHECK(remove_own_branch(own, "al@x-1", deadline) == true);
  CHECK_FALSE(fs::exists(dir.path() / "own" / ".bzr" / "branch"));
  CHECK(remove_own_branch(own, "al@x-1", deadline) == false);
}
