#include <catch2/catch.hpp>

#include "core/land/message.hpp"

using namespace cdctl;

namespace {

records::Candidate candidate() {
  records::Candidate out;
  out.proposal = "fix";
  out.title = "Mend the door";
  out.description = "It squeaked.\n\n\n\nNo more.";
  out.authors = {{"Bob", "bob@example.com"}, {"Alice", "alice@example.com"}};
  out.reviewers = {"carol@example.com", "dave@example.com"};
  return out;
}

std::string message(const std::string& text) {
  TargetConfig target;
  target.name = "main";
  target.message = text;
  return land::message_of(target, candidate());
}

}  // namespace

TEST_CASE("a message says what has landed, and who has reviewed it", "[land]") {
  CHECK(message(TargetConfig().message) ==
        "Merge fix: Mend the door\n\nIt squeaked.\n\nNo more.\n\nReviewed-by: carol@example.com\n"
        "Reviewed-by: dave@example.com\n");
  CHECK(message("<title> (<reviewers>)") ==
        "Mend the door (carol@example.com, dave@example.com)\n");
}

TEST_CASE("Tarmac's names mean the same", "[land]") {
  CHECK(message("[r=<approved_by>] <commit_message>\n<author> <author_nick>")
            .starts_with("[r=carol@example.com, dave@example.com] Mend the door\n\nIt squeaked."));
  CHECK(message("<author_nick>").starts_with("alice\n"));
  CHECK(message("<approved_by_nicks>") == "carol, dave\n");
}

TEST_CASE("what a proposal mends is told, in the template's words or in lines of its own",
          "[land]") {
  auto one = candidate();
  one.reviewers.clear();
  one.title = "Fix the door";
  one.description = "It squeaked, see #3.\n\nFixes: #7, #8\nLP: #123\nfixes: #7";
  TargetConfig target;
  target.message = "<title> [<bugs_fixed>]";
  CHECK(land::message_of(target, one) == "Fix the door [7, 8, 123]\n");
  target.message = "<title>";
  CHECK(land::message_of(target, one) == "Fix the door\n\nFixes: #7\nFixes: #8\nLP: #123\n");
  target.message = "<title>\n\n<description>";
  CHECK(land::message_of(target, one).ends_with("Fixes: #7, #8\nLP: #123\nfixes: #7\n"));
  one.description = "Fixes: 7\nCloses #9\nBug #x\nFixes: #1234567890123";
  target.message = "<bugs>";
  CHECK(land::message_of(target, one) == "9\n");
}

TEST_CASE("trailers stand together, as git reads them", "[land]") {
  auto one = candidate();
  one.description = "Why.\n\nFixes: #7\nSigned-off-by: Alice <alice@example.com>";
  CHECK(
      land::message_of({}, one).ends_with("\n\nFixes: #7\nSigned-off-by: Alice "
                                          "<alice@example.com>\nReviewed-by: "
                                          "carol@example.com\nReviewed-by: dave@example.com\n"));
  one.description = "Note: this is: a sentence\nwith two lines.";
  CHECK_THAT(land::message_of({}, one), Catch::Matchers::Contains("lines.\n\nReviewed-by: carol"));
}

TEST_CASE("a squashed commit names everybody who made it", "[land]") {
  TargetConfig target;
  target.method = MergeMethod::squash;
  target.message = "<title>";
  CHECK(land::message_of(target, candidate()) ==
        "Mend the door\n\nCo-authored-by: Bob <bob@example.com>\nReviewed-by: "
        "carol@example.com\nReviewed-by: dave@example.com\n");
  CHECK(land::main_author(candidate()).email == "alice@example.com");
}

TEST_CASE("what is in angle brackets and no name stays, and a wrong name is an error", "[land]") {
  CHECK(message("x <a@b> < 3 <title").starts_with("x <a@b> < 3 <title\n"));
  CHECK(land::check_message("<title> <x@y.example>"));
  const auto wrong = land::check_message("<titel>");
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().what == "message: there is no <titel>; did you mean <title>?");
}

TEST_CASE("a proposal puts no control characters into a message", "[land]") {
  TargetConfig target;
  auto one = candidate();
  one.title = "x\x1b[31m\r\ny";
  CHECK(land::message_of(target, one).find('\x1b') == std::string::npos);
  one.title = "caf\xe9";
  CHECK(land::message_of(target, one).find('\xe9') == std::string::npos);
  one.title = one.description = "";
  target.message = "<title>";
  CHECK(land::message_of(target, one).starts_with("Merge fix\n"));
}

TEST_CASE("what a proposal says of its reviewers is nobody's word", "[land]") {
  auto one = candidate();
  one.reviewers = {"carol@example.com"};
  one.description =
      "It squeaked.\n\nReviewed-By : ceo@example.com\n and friends\nApproved-by: ceo@example.com\n"
      "Land-head: 1\nFixes: #7";
  TargetConfig target;
  target.message = "<title>\n\n<description>";
  CHECK(land::message_of(target, one) ==
        "Mend the door\n\nIt squeaked.\n\nApproved-by: ceo@example.com\nFixes: #7\n"
        "Reviewed-by: carol@example.com\n");
  target.message = "<title>\n\n<description>\nApproved-by: <reviewers>";  // the name is ours here
  CHECK(land::message_of(target, one) ==
        "Mend the door\n\nIt squeaked.\n\nFixes: #7\nApproved-by: carol@example.com\n");
}

TEST_CASE("a message holds nothing that steers a terminal or turns a line", "[land]") {
  auto one = candidate();
  one.reviewers.clear();
  one.title =
      "Mend\x1b[31m \xc2\x9b"
      "31mthe \xe2\x80\xae"
      "door\x7f";
  one.description = "Zo\xc3\xab, \xe2\x80\x9cso\xe2\x80\x9d\xe2\x81\xa6.";
  one.authors = {{"Eve\nReviewed-by: ceo", "eve@example.com"}, {"Alice", "alice@example.com"}};
  TargetConfig target;
  target.method = MergeMethod::squash;
  target.message = "<title>\n\n<description>";
  CHECK(land::message_of(target, one) ==
        "Mend[31m 31mthe door\n\nZo\xc3\xab, \xe2\x80\x9cso\xe2\x80\x9d.\n\n"
        "Co-authored-by: Eve Reviewed-by: ceo <eve@example.com>\n");
}
