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
