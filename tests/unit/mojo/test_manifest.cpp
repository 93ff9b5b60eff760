#include <catch2/catch.hpp>

#include <cdctl/time.hpp>

#include "plugins/mojo/manifest/manifest.hpp"
#include "plugins/mojo/spec/procfile.hpp"
#include "plugins/mojo/text/words.hpp"

using namespace cdctl;
using namespace cdctl::mojo;

namespace {

std::string problems_of(std::string_view text) {
  const auto manifest = parse_manifest(text, "manifest");
  return manifest.problems.empty() ? "" : to_error(manifest.problems).what;
}
std::vector<std::pair<std::string, std::string>> options_of(std::string_view line) {
  const auto manifest = parse_manifest(line, "manifest");
  REQUIRE(manifest.problems.empty());
  REQUIRE(manifest.rows.size() == 1);
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& option : manifest.rows[0].options) out.emplace_back(option.key, option.value);
  return out;
}
using Pairs = std::vector<std::pair<std::string, std::string>>;

}  // namespace

TEST_CASE(
    "a manifest gives its rows in order, with line numbers, without comments and blank lines") {
  const auto manifest = parse_manifest(
      "# first\n\ncollect config=c-${SERIES}\n  # indented \nscript config=a.sh\ndeploy", "m");
  REQUIRE(manifest.problems.empty());
  REQUIRE(manifest.rows.size() == 3);
  CHECK(manifest.rows[0].line == 3);
  CHECK(manifest.rows[0].phase == "collect");
  CHECK(manifest.rows[0].options[0].value == "c-${SERIES}");
  CHECK(manifest.rows[2].line == 6);
  CHECK(manifest.rows[2].options.empty());
}

TEST_CASE("both kinds of quotes group words and go, and the first equals sign splits") {
  CHECK(options_of("script config=juju_set.py KV='cluster_count=4' WAIT='False'") ==
        Pairs{{"config", "juju_set.py"}, {"KV", "cluster_count=4"}, {"WAIT", "False"}});
  CHECK(options_of("verify MACHINES='trusty:m1.small:2 x' WAIT=\"600\"") ==
        Pairs{{"MACHINES", "trusty:m1.small:2 x"}, {"WAIT", "600"}});
  CHECK(options_of("verify R='res_.*_vip' E= Q=\"a\\\"b\\\\c\\d\"") ==
        Pairs{{"R", "res_.*_vip"}, {"E", ""}, {"Q", "a\"b\\c\\d"}});
  CHECK(options_of("script A=x#y B=a\\ b C='$x'") ==
        Pairs{{"A", "x#y"}, {"B", "a b"}, {"C", "$x"}});
}

TEST_CASE("repeated keys and leading dashes are accepted with a warning, and kept as written") {
  const auto manifest =
      parse_manifest("deploy timeout=${T:-5400} config=p timeout=4500 --target=x", "m");
  REQUIRE(manifest.problems.empty());
  REQUIRE(manifest.warnings.size() == 2);
  CHECK(manifest.warnings[0].what.contains("timeout is given again"));
  CHECK(manifest.warnings[1].what.contains("--target is read as target"));
  REQUIRE(manifest.rows[0].options.size() == 4);
  CHECK(manifest.rows[0].options[3].key == "--target");
  CHECK(manifest.rows[0].find("timeout")->value == "4500");
  CHECK(manifest.rows[0].find("target")->value == "x");
}

TEST_CASE("all errors of a manifest are told, with line and column, at most five of them") {
  const auto what = problems_of(
      "deply config=x\nscript conf\nscript A='x\nscript =x\njuju check-wait\nscript a b\n");
  CHECK(
      what.starts_with("manifest:1:1: 'deply' is no phase; did you mean deploy?; manifest:2:8: "
                       "'conf' is no key=value; write NAME=value, with quotes around blanks; "
                       "manifest:3:10: a quote ' that is not closed; manifest:4:8:"));
  CHECK(what.contains("manifest:5:1: 'juju' is no phase"));
  CHECK(what.ends_with("and 3 more"));
  CHECK_FALSE(what.contains('\n'));
}

TEST_CASE("bytes that no manifest may hold are told with their line") {
  using namespace std::string_literals;
  CHECK(problems_of("deploy\nscript A=\0\n"s).contains("manifest:2:10: a NUL byte"));
  CHECK(problems_of("deploy\r\n").contains("manifest:1:7: a carriage return"));
  CHECK(
      problems_of("deploy\nscript A=\xff\xfe").contains("manifest:2:10: bytes that are not UTF-8"));
  CHECK(problems_of("script A=\xc0\xaf").contains("not UTF-8"));
  CHECK(problems_of("script A=\xed\xa0\x80").contains("not UTF-8"));
  CHECK(problems_of("script A=\xe2\x82").contains("not UTF-8"));
  CHECK(problems_of("script A=größe€😀").empty());
}

TEST_CASE(
    "a manifest of one 10 MB line, and one of a hundred thousand bad lines, are answered in a few "
    "seconds") {
  const auto begun = std::chrono::steady_clock::now();
  CHECK(problems_of("deploy\n" + std::string(10 << 20, 'x') + "\nscript")
            .contains("manifest:2: the line is longer than"));
  std::string many;
  for (int i = 0; i < 100'000; ++i) many += "x\n";
  CHECK(problems_of(many).ends_with("and 99995 more"));
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(10));
}

TEST_CASE("names from hell are no phases and no options") {
  for (const std::string line : {"../x", "-rf", "--help", "script -rf=x", "script 'a b=c'",
                                 "script \"\n\"", "\x01", "'' a=b", "=x", "script $(id)=x"}) {
    INFO(line);
    CHECK_FALSE(problems_of(line).empty());
  }
}

TEST_CASE("words are split as a POSIX shell does, and a backslash at the end is an error") {
  Problem problem;
  const auto words = shell_words("a  'b c'\td\"e f\"g \\'h ''", problem);
  CHECK(problem.what.empty());
  REQUIRE(words.size() == 5);
  CHECK(words[1].text == "b c");
  CHECK(words[1].column == 4);
  CHECK(words[2].text == "de fg");
  CHECK(words[3].text == "'h");
  CHECK(words[4].text.empty());
  (void)shell_words("a \\", problem);
  CHECK(problem.column == 3);
}

TEST_CASE("a whole number is all of its text, and fits") {
  CHECK(whole_number("0") == 0);
  CHECK(whole_number("-12") == -12);
  CHECK(whole_number("9223372036854775807") == 9223372036854775807);
  for (const std::string_view text :
       {"", "-", "+1", " 1", "1 ", "1.5", "0x10", "9223372036854775808"}) {
    INFO(text);
    CHECK_FALSE(whole_number(text));
  }
}

TEST_CASE("variables are expanded, with defaults when unset or empty, and anything else stays") {
  const Lookup lookup = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SERIES") return "noble";
    if (name == "EMPTY") return "";
    return {};
  };
  CHECK(expand("a-${SERIES}-${NONE:-5400}-${EMPTY:-e}-${EMPTY}-${NONE:-}", lookup) ==
        "a-noble-5400-e--");
  CHECK(expand("$SERIES $(id) `id` $", lookup) == "$SERIES $(id) `id` $");
  CHECK(expand("${NONE}", lookup).error() == "variable NONE is not set");
  CHECK(expand("x${NONE", lookup).error() == "a ${ that is not closed");
  for (const auto* bad : {"${}", "${1}", "${a-b}", "${A:=x}", "${A B}", "${!A}"})
    CHECK_FALSE(expand(bad, lookup));
}

TEST_CASE("a Procfile gives types and commands, and tells what is wrong by line") {
  std::vector<Problem> problems;
  const auto entries =
      parse_procfile("# c\nworker: ./run --x \"a: b\"\n\n  web : serve  \n", "Procfile", problems);
  REQUIRE(problems.empty());
  REQUIRE(entries.size() == 2);
  CHECK(entries[0].command == "./run --x \"a: b\"");
  CHECK(entries[1].type == "web");
  CHECK(entries[1].command == "serve");
  (void)parse_procfile("worker ./run\nWorker: x\nw:\na: 1\na: 2\n../x: y\n-rf: z\n", "Procfile",
                       problems);
  REQUIRE(problems.size() == 6);
  CHECK(problems[0].str() == "Procfile:1: not of the form `type: command`");
  CHECK(problems[3].str() == "Procfile:5: a is there twice");
  problems.clear();
  (void)parse_procfile("# nothing\n", "Procfile", problems);
  CHECK(problems.size() == 1);
}

TEST_CASE("units set the counts, and must name what the Procfile has") {
  const std::vector<ProcfileEntry> entries{{"worker", "w"}, {"web", "s"}};
  const auto one_each = count_units(entries, {}, "Procfile");
  REQUIRE(one_each);
  CHECK(one_each->size() == 2);
  const auto three = count_units(entries, {{"worker", 3}}, "Procfile");
  REQUIRE(three);
  REQUIRE(three->size() == 1);
  CHECK(three->front().units == 3);
  CHECK(count_units(entries, {{"wroker", 3}}, "Procfile")
            .error()
            .what.contains("'wroker', but Procfile has only worker, web"));
  CHECK_FALSE(count_units(entries, {{"web", 0}}, "Procfile"));
}

TEST_CASE("release is no process of the units, and units may not name it") {
  std::vector<ProcfileEntry> entries{{"worker", "w"}, {"release", "./migrate"}};
  CHECK(take_release(entries) == "./migrate");
  CHECK(process_types(entries) == "worker");
  CHECK(take_release(entries).empty());
  const auto one_each = count_units(entries, {}, "Procfile");
  REQUIRE(one_each);
  CHECK(one_each->size() == 1);
  const auto named = count_units(entries, {{"worker", 1}, {"release", 1}}, "Procfile");
  REQUIRE_FALSE(named);
  CHECK(named.error().exit == ExitCode::config);
  CHECK(named.error().what.contains("units names release, which is no unit"));
}
