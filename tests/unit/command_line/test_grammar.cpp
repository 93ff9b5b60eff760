#include <catch2/catch.hpp>

#include <fmt/format.h>

#include "cli/command_line/grammar.hpp"

using namespace cdctl::cli;

namespace {

using Words = std::vector<std::string>;

constexpr Option k_rows[] = {
    {"output", "FORMAT", "", false, false, 'o'},
    {"follow", "NAME", "", false, true, 'f'},
    {"why", "TEXT", ""},
    {"dry-run", "", "", false, false, 'n'},
    {"quiet", "", "", false, false, 'q'},
    {"help", "", "", false, false, 'h'},
};

/// A line's parts in short: `output=json` from one word, `output json` from two, `!` a part that is
/// being typed.
std::string told(const Words& words, Grammar::Last last = Grammar::Last::whole) {
  std::string out;
  Grammar grammar(words, k_rows, last);
  while (const auto part = grammar.next()) {
    if (!out.empty()) out += ", ";
    switch (part->kind) {
      case Part::Kind::argument:
        out += fmt::format("'{}'", part->text);
        break;
      case Part::Kind::end:
        out += "end";
        break;
      case Part::Kind::option:
        out += part->option->name;
        if (part->value) out += (part->own_word ? " " : "=") + *part->value;
        break;
      case Part::Kind::unknown:
        out += "unknown " + part->text;
        break;
      case Part::Kind::name:
        out += "name " + part->text;
        break;
    }
    if (part->typed) out += "!";
  }
  return out;
}
std::string typed(const Words& words) { return told(words, Grammar::Last::typed); }

}  // namespace

TEST_CASE("a value stands in the word of its option, or is the next word") {
  CHECK(told({"-o", "json", "a"}) == "output json, 'a'");
  CHECK(told({"-ojson"}) == "output=json");
  CHECK(told({"--output=json"}) == "output=json");
  CHECK(told({"--output", "json"}) == "output json");
  CHECK(told({"--output="}) == "output=");
  CHECK(told({"--output", ""}) == "output ");
  CHECK(told({"--output"}) == "output");
  CHECK(told({"--why", "ls", "ls"}) == "why ls, 'ls'");  // not the command
}

TEST_CASE("an optional value is in the same word or nowhere") {
  CHECK(told({"--follow", "me"}) == "follow, 'me'");
  CHECK(told({"--follow=me"}) == "follow=me");
  CHECK(told({"-f", "me"}) == "follow, 'me'");
  CHECK(told({"-fme"}) == "follow=me");
}

TEST_CASE("letters share a word up to the first that takes a value") {
  CHECK(told({"-qn", "a"}) == "quiet, dry-run, 'a'");
  CHECK(told({"-qo", "json"}) == "quiet, output json");
  CHECK(told({"-qojson"}) == "quiet, output=json");
  CHECK(told({"-qx", "-5"}) == "quiet, unknown -x, unknown -5");
  CHECK(told({"-q=3"}) == "quiet=3");
}

TEST_CASE("an unknown option takes nothing") {
  CHECK(told({"--kep", "3", "--kep=3"}) == "unknown --kep, '3', unknown --kep=3");
  CHECK(told({"---x"}) == "unknown ---x");
}

TEST_CASE("behind -- all are arguments, and - is one everywhere") {
  CHECK(told({"a", "--", "-o", "--", "-"}) == "'a', end, '-o', '--', '-'");
  CHECK(told({"-", "-q", ""}) == "'-', quiet, ''");
}

TEST_CASE("an option for a value is a mistake") {
  const auto mistaken = [](const Words& words) {
    return is_mistaken(parts_of(words, k_rows).front(), k_rows);
  };
  CHECK(told({"--why", "--dry-run"}) == "why --dry-run");
  CHECK(mistaken({"--why", "--dry-run"}));
  CHECK(mistaken({"--why", "-n"}));
  CHECK(mistaken({"--why", "-"}));
  CHECK(mistaken({"--why", "--"}));
  CHECK_FALSE(mistaken({"--why", "--unheard-of"}));
  CHECK_FALSE(mistaken({"--why=--dry-run"}));
  CHECK_FALSE(mistaken({"--why"}));
}

TEST_CASE("the command is the first word that is neither an option nor the value of one") {
  const auto command = [](const Words& words) { return command_word(words, k_rows); };
  CHECK(command({"ls"}) == 0);
  CHECK(command({"-o", "json", "-q", "ls", "why"}) == 3);
  CHECK(command({"-qo", "json", "ls"}) == 2);
  CHECK(command({"--follow", "ls"}) == 1);
  CHECK(command({"--unheard-of", "ls"}) == 1);
  CHECK(command({"-", "", "--", "-x", "ls"}) == 4);
  CHECK(command({"-o", "ls"}) == 2);
  CHECK(command({}) == 0);
}

TEST_CASE("help is asked for wherever it stands before --") {
  const auto help = [](const Words& words) { return has_flag(words, k_rows, "help"); };
  CHECK(help({"a", "--help"}));
  CHECK(help({"-qh"}));
  CHECK(help({"--why", "-h"}));
  CHECK_FALSE(help({"--", "-h"}));
  CHECK_FALSE(help({"--why", "--", "-h"}));
  CHECK_FALSE(help({"--why=-h", "--help=yes", "a"}));
}

TEST_CASE("the values of an option are found without the other rows") {
  CHECK(values_of(Words{"ls", "--why=a", "--x", "--why", "b", "-q"}, k_rows, "why") ==
        Words{"a", "b"});
  CHECK(values_of(Words{"--why"}, k_rows, "why").empty());
  CHECK(values_of(Words{"--", "--why", "b"}, k_rows, "why").empty());
}

TEST_CASE("the last word can be unfinished") {
  CHECK(typed({"ls", ""}) == "'ls', ''!");
  CHECK(typed({"-"}) == "name -!");
  CHECK(typed({"--"}) == "name --!");
  CHECK(typed({"-o"}) == "name -o!");
  CHECK(typed({"--outp"}) == "name --outp!");
  CHECK(typed({"--output"}) == "name --output!");
  CHECK(typed({"--output=js"}) == "output=js!");
  CHECK(typed({"-oj"}) == "output=j!");
  CHECK(typed({"-qoj"}) == "quiet, output=j!");
  CHECK(typed({"-qn"}) == "quiet, dry-run!");
  CHECK(typed({"-o", "-"}) == "output -!");
  CHECK(typed({"--follow", "m"}) == "follow, 'm'!");
  CHECK(typed({"--kep=3"}) == "unknown --kep=3!");
  CHECK(typed({"--", "--"}) == "end, '--'!");
}

TEST_CASE("the options can change on the way") {
  const Words words{"-x", "ls", "-x"};
  constexpr Option k_other[] = {{"extra", "", "", false, false, 'x'}};
  Grammar grammar(words, k_rows);
  CHECK(grammar.next()->kind == Part::Kind::unknown);
  CHECK(grammar.next()->text == "ls");
  grammar.use(k_other);
  CHECK(grammar.next()->option == &k_other[0]);
  CHECK_FALSE(grammar.next());
}
