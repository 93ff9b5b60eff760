#include <catch2/catch.hpp>

#include <cdctl/text.hpp>

using namespace cdctl;

namespace {

using Parts = std::vector<std::string_view>;

}  // namespace

TEST_CASE("lines end at a line break, and the last one may lack it") {
  CHECK(lines("").empty());
  CHECK(lines("a") == Parts{"a"});
  CHECK(lines("a\n") == Parts{"a"});
  CHECK(lines("a\nb") == Parts{"a", "b"});
  CHECK(lines("\n\na\n\n") == Parts{"", "", "a", ""});
  CHECK(lines("a\r\nb\r\n") == Parts{"a\r", "b\r"});
  CHECK(lines(std::string_view("a\0b\nc", 5)) == Parts{std::string_view("a\0b", 3), "c"});
}

TEST_CASE("words stand between blanks, and none is empty") {
  CHECK(words("").empty());
  CHECK(words(" \t ").empty());
  CHECK(words("one") == Parts{"one"});
  CHECK(words("  one\ttwo   three ") == Parts{"one", "two", "three"});
  CHECK(words("one\ntwo") == Parts{"one\ntwo"});
}

TEST_CASE("a split keeps empty parts, but an empty text has none") {
  CHECK(split("", ',').empty());
  CHECK(split("a", ',') == Parts{"a"});
  CHECK(split("a,", ',') == Parts{"a", ""});
  CHECK(split(",", ',') == Parts{"", ""});
  CHECK(split("a,,b", ',') == Parts{"a", "", "b"});
  CHECK(split(std::string_view("A=1\0B=2\0", 8), '\0') == Parts{"A=1", "B=2", ""});
}

TEST_CASE("what is taken off a text is gone from it, its end too") {
  std::string_view text = "key value more";
  CHECK(take_until(text, ' ') == "key");
  CHECK(text == "value more");
  CHECK(take_until(text, '\n') == "value more");
  CHECK(text.empty());
  CHECK(take_until(text, ' ').empty());
  text = " x";
  CHECK(take_until(text, ' ').empty());
  CHECK(text == "x");
  text = "x ";
  CHECK(take_until(text, ' ') == "x");
  CHECK(text.empty());
}

TEST_CASE("trimming takes blanks and line breaks off both ends") {
  CHECK(trimmed("").empty());
  CHECK(trimmed(" \t\r\n").empty());
  CHECK(trimmed("a") == "a");
  CHECK(trimmed("\n a b\t\r\n") == "a b");
}

TEST_CASE("a list is joined with commas unless something else is asked for") {
  const std::vector<std::string> none, one{"a"}, three{"a", "", "c"};
  CHECK(joined(none).empty());
  CHECK(joined(one) == "a");
  CHECK(joined(three) == "a, , c");
  CHECK(joined(three, "") == "ac");
  CHECK(joined(three, " or ") == "a or  or c");
}

TEST_CASE("only one is singular") {
  CHECK(plural(0, "set") == "0 sets");
  CHECK(plural(1, "set") == "1 set");
  CHECK(plural(2, "set") == "2 sets");
  CHECK(plural(2, "process") == "2 processes");
  CHECK(plural(1, "reply", "replies") == "1 reply");
  CHECK(plural(7, "reply", "replies") == "7 replies");
}

TEST_CASE("what is close enough to be meant is offered") {
  const std::vector<std::string> known{"keep", "grace", "format"};
  CHECK(did_you_mean("kep", known) == "; did you mean keep?");
  CHECK(did_you_mean("fromat", known, "--") == "; did you mean --format?");
  CHECK(did_you_mean("grcae", known, "'", "'") == "; did you mean 'grace'?");
  CHECK(did_you_mean("kepe", known) == "; did you mean keep?");  // two changed places
  CHECK(did_you_mean("form", known) == "; did you mean format?");
  CHECK(did_you_mean("form", std::vector<std::string>{"format", "formula"}).empty());
  CHECK(did_you_mean("broker", known).empty());
  CHECK(did_you_mean("kep", {}).empty());
  CHECK(did_you_mean(std::string(65, 'k'), known).empty());
}

TEST_CASE("a glob knows * and ?, and nothing else") {
  CHECK(glob_match("*", ""));
  CHECK(glob_match("a*c*", "abcbc"));
  CHECK(glob_match("v?.*", "v1.10"));
  CHECK_FALSE(glob_match("v?", "v10"));
  CHECK_FALSE(glob_match("[ab]", "a"));
  CHECK_FALSE(glob_match("", "a"));
  CHECK_FALSE(glob_match("a*b", "a*c"));
}

TEST_CASE("a character is valid UTF-8, or one byte") {
  CHECK(first_character("a") == 1);
  CHECK(first_character("ü") == 2);
  CHECK(first_character("日本") == 3);
  CHECK(first_character("🐇") == 4);
  for (const auto* bad : {"\x80", "\xc0\xaf", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe6\x97", "\xe6\x97z"}) {
    INFO(printable(bad));
    CHECK(first_character(bad) == 1);
  }
}

TEST_CASE("a terminal's columns are counted, not bytes") {
  CHECK(display_width("") == 0);
  CHECK(display_width("plain") == 5);
  CHECK(display_width("größe") == 5);
  CHECK(display_width("日本") == 4);
  CHECK(display_width("🐇") == 2);
  CHECK(display_width("e\u0301") == 1);       // an accent that combines
  CHECK(display_width("a\u200bb") == 2);      // a space without width
  CHECK(display_width("\xff\xfe") == 2);      // bytes that are not text
  CHECK(display_width("\xe0\x80\x80") == 3);  // longer than it need be
  CHECK(display_width("a\xe6\x97") == 3);     // cut within a character
  CHECK(display_width("\u009b") == 1);        // cannot be printed
  CHECK(display_width("┌─┐ … 1µs") == 9);
}

TEST_CASE("a text is cut where its columns end") {
  CHECK(fit("short", 5) == "short");
  CHECK(fit("longer", 5) == "long…");
  CHECK(fit("日本語", 6) == "日本語");
  CHECK(fit("日本語", 5) == "日本…");
  CHECK(fit("日本語", 4) == "日…");  // no half of a character
  CHECK(fit("e\u0301e\u0301e\u0301", 2) == "e\u0301…");
  CHECK(fit("longer", 1) == "…");
  CHECK(fit("longer", 0).empty());
  CHECK(fit("", 0).empty());
  CHECK(fit("longer", 4, "") == "long");
  CHECK(fit("longer", 5, "...") == "lo...");
  CHECK(fit("longer", 2, "...") == "lo");  // a mark that has no room is left out
  CHECK(display_width(fit("\xff\xfe\xfd\xfc", 3)) == 3);
}

TEST_CASE("base64 is read, and what is none gives nothing") {
  CHECK(from_base64("c3dvcmRmaXNo") == "swordfish");
  CHECK(from_base64("YQ==") == "a");
  CHECK(from_base64("") == "");
  CHECK(from_base64("/w==") == "\xff");
  CHECK_FALSE(from_base64("?"));
  CHECK_FALSE(from_base64("YQ==\n"));
}

TEST_CASE("what others wrote cannot command a terminal or a reader") {
  CHECK(printable("two\nlines", 100) == "two\\nlines");
  CHECK(printable("\x1b[2Jgone\x7f", 100) == "\\u001b[2Jgone\\u007f");
  CHECK(printable("\u009b2Jgone", 100) == "\\u009b2Jgone");      // the same as one character
  CHECK(printable("ok \u202egnorw", 100) == "ok \\u202egnorw");  // would be read from right to left
  CHECK(printable("a\u2028b\uffff\ufffe", 100) ==
        "a\\u2028b\\uffff\\ufffe");  // no XML holds the last two
  CHECK(printable("größe 日本 🐇", 100) == "größe 日本 🐇");
  CHECK(printable("say \"no\" to C:\\new\t\\\"", 100) ==
        "say \"no\" to C:\\new\\t\\\"");  // plain quotes and backslashes are as they are
  CHECK(printable("aü日🐇", 2) == "a…");  // cut between characters
  CHECK(printable("aü日🐇", 7) == "aü日…");
  CHECK(printable("\xbf\xbf\xbf\xbf\xbf", 4) == "\ufffd…");
}
