#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include <cdctl/child.hpp>
#include <cdctl/text.hpp>

#include "cli/command_line/command.hpp"
#include "cli/command_line/help.hpp"
#include "cli/command_line/parse.hpp"
#include "cli/output/output.hpp"
#include "cli/output/record_lines.hpp"
#include "cli/output/screen_text.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::cli;

namespace {

Finished cdctl_run(std::vector<std::string> words, std::string input = "\n") {
  cdctl::Program command;
  command.argv = {CDCTL_BUILD_DIR "/bin/cdctl"};
  command.argv.insert(command.argv.end(), words.begin(), words.end());
  command.input = std::move(input);
  command.unset_env = {"CDCTL_CONFIG", "CDCTL_OUTPUT"};
  command.env["HOME"] = "/nonexistent";
  command.directory = "/";
  command.deadline = Deadline(Millis(20'000));
  auto finished = run(command);
  REQUIRE(finished);
  return *finished;
}

std::size_t widest_line(std::string_view page) {
  std::size_t widest = 0;
  while (!page.empty()) {
    const auto end = std::min(page.find('\n'), page.size());
    widest = std::max(widest, display_width(page.substr(0, end)));
    page.remove_prefix(std::min(end + 1, page.size()));
  }
  return widest;
}

const std::string k_signal =
    R"({"schema":"cdctl.signal/1","id":"1","set":"thumbs-r0000000001","severity":"critical","signal":"oops","time":"2026-11-23T04:00:00Z"})";

}  // namespace

TEST_CASE("every command's help leads with two examples and fits a screen") {
  for (const auto& command : commands()) {
    if (command.hidden) continue;
    const auto page = help_of(command);
    INFO(page);
    CHECK(page.starts_with("  $ cdctl"));
    CHECK(std::ranges::count(command.examples, '\n') >= 1);
    CHECK(std::ranges::count(page, '\n') <= 32);
    CHECK(widest_line(page) <= 80);
    for (const auto& option : command.options)
      CHECK(page.find("--" + std::string(option.name)) != std::string::npos);
  }
}

TEST_CASE("no option is there twice in a command") {
  for (const auto& command : commands()) {
    std::set<std::string_view> names;
    std::set<char> letters;
    for (const auto& row : {command.options, global_options()})
      for (const auto& option : row) {
        CHECK(names.insert(option.name).second);
        if (option.letter) CHECK(letters.insert(option.letter).second);
      }
  }
}

TEST_CASE("words and options may stand in any order, and an optional value needs an equals sign") {
  const Option options[] = {{"follow", "NAME", "", false, true, 'f'},
                            {"keep", "N", ""},
                            {"rule", "R", "", true},
                            {"all", "", ""}};
  auto args =
      parse_words("x", options, true,
                  {"a", "--keep", "3", "b", "--all", "--follow", "c", "--rule", "1", "--rule=2"});
  REQUIRE(args);
  CHECK(args->words == std::vector<std::string>{"a", "b", "c"});
  CHECK(args->value("keep") == "3");
  CHECK(args->values("rule") == std::vector<std::string>{"1", "2"});
  CHECK(args->has("follow"));
  CHECK(args->value("follow").empty());
  CHECK(parse_words("x", options, true, {"--follow=me"})->value("follow") == "me");
  args = parse_words("x", options, true, {"-f", "thumbs"});
  REQUIRE(args);
  CHECK(args->words == std::vector<std::string>{"thumbs"});  // -f is --follow, and takes no word
  CHECK(args->values("follow") == std::vector<std::string>{""});
  CHECK(parse_words("x", options, true, {"-fme"})->value("follow") == "me");
  CHECK(parse_words("x", options, true, {"--", "--keep"})->words ==
        std::vector<std::string>{"--keep"});
  CHECK(parse_words("x", options, true, {"--kep", "3"}).error().what.find("did you mean --keep?") !=
        std::string::npos);
  CHECK_FALSE(parse_words("x", options, true, {"--keep", "1", "--keep", "2"}));
  CHECK_FALSE(parse_words("x", options, true, {"--keep"}));
  CHECK_FALSE(parse_words("x", options, false, {"word"}));
}

TEST_CASE("what is wrong with an option is said in words of people") {
  const Option options[] = {{"follow", "NAME", "", false, true, 'f'},
                            {"keep", "N", ""},
                            {"keep-all", "", ""},
                            {"role", "ROLE", "", false, false, 'r', "sink source"}};
  CHECK(parse_words("x", options, true, {"--keep"}).error().what ==
        "x: --keep needs a value: --keep N; see cdctl x --help");
  CHECK(parse_words("x", options, true, {"--keep", "--keep-all"}).error().what ==
        "x: --keep needs a value: --keep N; see cdctl x --help");
  CHECK(parse_words("x", options, true, {"--keep=", "3"}).error().what ==
        "x: --keep needs a value: --keep N; see cdctl x --help");
  CHECK(parse_words("x", options, true, {"--keep", ""}));
  CHECK(parse_words("x", options, true, {"-r"}).error().what ==
        "x: --role needs a value: --role ROLE (sink source); see cdctl x --help");
  CHECK(parse_words("x", options, true, {"--keep-all=3"}).error().what ==
        "x: --keep-all takes no value; see cdctl x --help");
}

TEST_CASE("text is broken at blanks, and a long word stays whole") {
  CHECK(wrapped("one two three", 4, 0) == "one two three");
  CHECK(wrapped("one two three", 4, 17) == "one two three");
  CHECK(wrapped("one two three", 4, 16) == "one two\n    three");
  CHECK(wrapped("one /a/very/long/path two", 2, 10) == "one\n  /a/very/long/path\n  two");
  CHECK(wrapped("\u00e4\u00f6 \u00fc", 0, 4) == "\u00e4\u00f6 \u00fc");
}

TEST_CASE("what a plugin tells is written for people, not as JSON") {
  const auto lines = [](std::string_view text) {
    const auto around = Json::parse(R"({"user":"thumbs-r1","vhost":"/"})");
    return value_lines(*Json::parse(text), *around);
  };
  CHECK(lines("[]") == std::vector<std::string>{"none"});
  CHECK(lines("{}") == std::vector<std::string>{"none"});
  CHECK(lines("false") == std::vector<std::string>{"no"});
  CHECK(lines("null") == std::vector<std::string>{"unknown"});
  CHECK(lines(R"(["a","b"])") == std::vector<std::string>{"a b"});
  CHECK(lines(R"([{"user":"thumbs-r1","vhost":"/other","read":"^x$"},{"read_only":true}])") ==
        std::vector<std::string>{"vhost /other, read ^x$", "read only yes"});
  CHECK(lines(R"({"thumbs":{"type":"quorum","ready":0},"b":{"type":"stream"}})") ==
        std::vector<std::string>{"thumbs: type quorum, ready 0", "b: type stream"});
  CHECK(lines(R"({"ready":1,"unacked":2})") == std::vector<std::string>{"ready 1, unacked 2"});
}

TEST_CASE("a cell is broken into lines that are no wider than its column") {
  using Lines = std::vector<std::string>;
  CHECK(lines_within("", 4) == Lines{""});
  CHECK(lines_within("one two", 7) == Lines{"one two"});
  CHECK(lines_within("one two", 6) == Lines{"one", "two"});
  CHECK(lines_within("/srv/abcdef x", 5) == Lines{"/srv/", "abcde", "f", "x"});
  CHECK(lines_within("\u00e4\u00f6\u00fc", 2) == Lines{"\u00e4\u00f6", "\u00fc"});
  CHECK(lines_within("\u6f22\u5b57\u6f22", 5) == Lines{"\u6f22\u5b57", "\u6f22"});
  CHECK(lines_within("e\u0301e\u0301e", 2) == Lines{"e\u0301e\u0301", "e"});
}

TEST_CASE("columns are what a terminal shows: wide characters take two, combining ones none") {
  CHECK(padded("\u6f22\u5b57", 5) == "\u6f22\u5b57 ");
  CHECK(padded("\u6f22\u5b57", 3, true) == " \u6f22");
  CHECK(padded("e\u0301", 2) == "e\u0301 ");
  CHECK(padded("abc", 2) == "ab");
  CHECK(ascii_of("\u6f22a\u00e4") == "??a?");
  CHECK(wrapped("\u6f22\u5b57 \u6f22\u5b57", 0, 8) == "\u6f22\u5b57\n\u6f22\u5b57");
}

TEST_CASE("the overview fits 80 columns, and names the groups of plugins") {
  const auto finished = cdctl_run({"--help"});
  CHECK(finished.status == 0);
  CHECK(widest_line(finished.out) <= 80);
  CHECK(finished.out.find("\n  mojo       ") != std::string::npos);
  CHECK(finished.out.find("\n  rabbit ") == std::string::npos);  // it has no commands
  CHECK(cdctl_run({"help", "mojo"}).out.starts_with("cdctl mojo COMMAND: "));
  CHECK(cdctl_run({"help", "mojo", "run"}).out == cdctl_run({"mojo", "run", "--help"}).out);
}

TEST_CASE("an unknown command is exit 2 with the nearest one") {
  const auto finished = cdctl_run({"brake"});
  CHECK(finished.status == 2);
  CHECK(finished.out.empty());
  CHECK(finished.err == "cdctl: unknown command 'brake'; did you mean break?; see cdctl --help\n");
}

TEST_CASE("no configuration is exit 3, for observers and actors alike") {
  for (const auto* name : {"ls", "outdated", "deploy", "break", "reap", "signals"}) {
    INFO(name);
    const auto finished = cdctl_run({name});
    CHECK(finished.status == 3);
    CHECK(finished.out.empty());
    CHECK(finished.err.starts_with("cdctl: no configuration found"));
  }
}

TEST_CASE("trip reads signals, reports bad lines with their number, and goes on") {
  const auto finished =
      cdctl_run({"trip", "--rule", "critical >= 1"},
                "nonsense\n" + k_signal +
                    "\n{\"schema\":\"cdctl.signal/9\"}\n{\"schema\":\"cdctl.set/1\"}\n");
  CHECK(finished.status == 1);
  CHECK(finished.err.find("cdctl: line 1: ") != std::string::npos);
  CHECK(finished.err.find("cdctl: line 3: schema 'cdctl.signal/9' is not known here") !=
        std::string::npos);
  CHECK(finished.err.find("skipped 1 record that is no signal") != std::string::npos);
  const auto verdict = Json::parse(finished.out.substr(0, finished.out.find('\n')));
  REQUIRE(verdict);
  CHECK((*verdict)["verdict"].view() == "unhealthy");
}

TEST_CASE("trip --exit-code is 10 when something tripped and 0 when nothing did") {
  CHECK(cdctl_run({"trip", "--exit-code", "--rule", "critical >= 1"}, k_signal + "\n").status ==
        10);
  CHECK(cdctl_run({"trip", "--exit-code", "--rule", "critical >= 2"}, k_signal + "\n").status == 0);
  CHECK(cdctl_run({"trip", "--rule", "critical >= 1"}, k_signal + "\n").status == 0);
}

TEST_CASE("what upstream could not ask is passed on and decides nothing") {
  const std::string error =
      R"({"schema":"cdctl.error/1","service":"thumbs","while":"reading signals","error":"gone","exit":4})";
  const auto finished =
      cdctl_run({"trip", "--rule", "critical >= 1"}, error + "\n" + k_signal + "\n");
  CHECK(finished.status == 4);
  CHECK(finished.out == error + "\n");
  const auto stale = cdctl_run({"stale", "--keep", "0"}, error + "\n");
  CHECK(stale.status == 4);
  CHECK(stale.out.find("cdctl.error/1") != std::string::npos);
}

TEST_CASE("an empty input is nothing to do") {
  CHECK(cdctl_run({"trip", "--rule", "critical >= 1"}, "\n").status == 0);
  CHECK(cdctl_run({"stale", "--keep", "1"}, "\n").status == 0);
}

TEST_CASE("stale marks with the policy and passes unknown fields through") {
  const std::string records =
      R"({"schema":"cdctl.set/1","set":"thumbs-r0000000001","state":"live","cut":false,"served":true,"deployed_at":"2026-11-20T00:00:00Z","units":{"want":1,"up":1},"mine":[1,{"a":2}]})"
      "\n"
      R"({"schema":"cdctl.set/1","set":"thumbs-r0000000002","state":"live","cut":false,"served":true,"deployed_at":"2026-11-21T00:00:00Z","units":{"want":1,"up":1}})"
      "\n";
  const auto finished =
      cdctl_run({"stale", "--keep", "1", "--min-age", "0s", "--prove-for", "0s"}, records);
  CHECK(finished.status == 0);
  const auto mark = Json::parse(finished.out);
  REQUIRE(mark);
  CHECK((*mark)["set"].view() == "thumbs-r0000000001");
  CHECK((*mark)["mine"].dump() == R"([1,{"a":2}])");
  CHECK((*mark)["stale"]["policy"]["keep"].as_int() == 1);
}

TEST_CASE(
    "a table is aligned whatever its cells hold, and a record's values are the same in each "
    "format") {
  const auto set = Json::object({{"schema", "cdctl.set/1"},
                                 {"set", "thumbs-r0000000001"},
                                 {"state", "live"},
                                 {"cut", Json()},
                                 {"units", Json::object({{"want", 3}, {"up", 2}})}});
  const auto* row = records::own_record("cdctl.set/1");
  const auto table = render_table({set}, row, false, false);
  CHECK(table ==
        "SET                 STATE  UNITS  AGE  NOTE\nthumbs-r0000000001  live?  2/3    -\n");
  auto live = set;
  live.set("cut", false);
  CHECK(render_table({live}, row, false, true).find("\033[32mlive\033[0m") != std::string::npos);
  auto partial = set;
  partial.set("state", "partial");
  CHECK(render_table({partial}, row, false, true).find("\033[35mpartial\033[0m") !=
        std::string::npos);  // readable on white and on black
}
