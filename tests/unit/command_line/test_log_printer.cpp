#include <catch2/catch.hpp>

#include "cli/output/log_printer.hpp"

using namespace cdctl;
using cdctl::cli::LogPrinter;

namespace {

const SetName k_set{"thumbs", "r5f0c1e9a2b"};

LogLine line(std::string unit, std::string text) {
  return {std::move(unit), "web", parse_rfc3339("2026-11-23T04:11:30.120Z"),
          std::move(text), false, 0};
}

}  // namespace

TEST_CASE("what a unit writes is shown and never obeyed") {
  LogPrinter printer({.plain = true});
  CHECK(printer.print(k_set, line("0", "a\033[2Jb\033]52;c;eA==\007")) ==
        "a\\u001b[2Jb\\u001b]52;c;eA==\\u0007\n");
  CHECK(printer.print(k_set, line("0", "a\tb\r")) == "a       b\n");
  CHECK(printer.print(k_set, line("0", "50 %\rdone")) == "50 %\\rdone\n");
}

TEST_CASE("units stand before their lines, in one column, each in its colour") {
  LogPrinter printer({});
  printer.make_room(k_set, line("10", ""));
  CHECK(printer.print(k_set, line("0", "x")) == "web.0  | x\n");
  CHECK(printer.print(k_set, line("10", "y")) == "web.10 | y\n");
  LogPrinter several({.times = true, .sets = true});
  CHECK(several.print(k_set, line("0", "x")) == "r5f0c1e9a2b web.0 | 2026-11-23T04:11:30.120Z x\n");
  LogPrinter coloured({.colour = true});
  const auto first = coloured.print(k_set, line("0", "x")),
             second = coloured.print(k_set, line("1", "x"));
  CHECK(first.starts_with("\033[36mweb.0 |\033[0m "));
  CHECK_FALSE(second.starts_with("\033[36m"));
  CHECK(coloured.print(k_set, line("0", "y")).starts_with("\033[36m"));
}

TEST_CASE("the engine's words are in brackets, and a long line says what is missing") {
  LogPrinter printer({.plain = true});
  auto said = line("0", "exit status 1");
  said.engine = true;
  CHECK(printer.print(k_set, said) == "[exit status 1]\n");
  auto cut = line("0", "xx");
  cut.left_out = 7;
  CHECK(printer.print(k_set, cut) == "xx … 7 bytes more\n");
}
