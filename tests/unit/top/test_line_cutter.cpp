#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "cli/top/line_cutter.hpp"

using namespace cdctl::cli;

namespace {

std::vector<std::string> cut(LineCutter& cutter, const std::string& text, std::size_t piece) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size(); at += piece) cutter.add(text.substr(at, piece), out);
  return out;
}

}  // namespace

TEST_CASE("lines are cut wherever the pieces end") {
  const std::string text = "one\n\ntwo\nthree\nhalf";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    LineCutter cutter;
    CHECK(cut(cutter, text, piece) == std::vector<std::string>{"one", "", "two", "three"});
    std::vector<std::string> rest;
    cutter.add(" a line\n", rest);
    CHECK(rest == std::vector<std::string>{"half a line"});
    CHECK(cutter.left_out() == 0);
  }
}

TEST_CASE("a line that is too long is left out whole, and counted once") {
  LineCutter cutter;
  const std::string fits(LineCutter::k_longest, 'x'), longer(LineCutter::k_longest + 1, 'y');
  const auto piece = GENERATE(std::size_t{1000}, std::size_t{256 * 1024}, std::size_t{16} << 20);
  const auto lines = cut(cutter, "a\n" + fits + "\n" + longer + "\nb\n" + longer + longer, piece);
  REQUIRE(lines.size() == 3);
  CHECK(lines[0] == "a");
  CHECK(lines[1] == fits);
  CHECK(lines[2] == "b");  // and not the end of what was left out
  CHECK(cutter.left_out() == 2);
  CHECK(cutter.left_out() == 0);
  std::vector<std::string> rest;
  cutter.add("z\nc\n", rest);
  CHECK(rest == std::vector<std::string>{"c"});
}
