#include <catch2/catch.hpp>

#include <chrono>
#include <random>

#include "plugins/mojo/collect/file.hpp"

using namespace cdctl::mojo;

namespace {

struct Parsed {
  std::vector<CollectLine> lines;
  std::vector<Problem> problems, warnings;
};

Parsed parse(std::string_view text) {
  Parsed out;
  out.lines = parse_collect_file(text, "collect", out.problems, out.warnings);
  return out;
}

CollectLine one(const std::string& text) {
  auto parsed = parse(text);
  INFO(text);
  INFO((parsed.problems.empty() ? std::string() : parsed.problems[0].str()));
  REQUIRE(parsed.problems.empty());
  REQUIRE(parsed.lines.size() == 1);
  return parsed.lines[0];
}

/// The first problem as people see it.
std::string problem(const std::string& text) {
  const auto parsed = parse(text);
  INFO(text);
  REQUIRE_FALSE(parsed.problems.empty());
  return parsed.problems[0].str();
}

}  // namespace

TEST_CASE("every scheme of codetree has its kind and its location") {
  const std::vector<std::tuple<std::string, CollectKind, std::string>> table{
      {"@", CollectKind::empty_folder, ""},
      {"lp:~team/charms/trusty/x/next", CollectKind::bzr, "lp:~team/charms/trusty/x/next"},
      {"nosmart+lp:~team/x", CollectKind::bzr, "lp:~team/x"},
      {"nosmart+bzr+http://h/x", CollectKind::bzr, "nosmart+bzr+http://h/x"},
      {"bzr://h/x", CollectKind::bzr, "bzr://h/x"},
      {"bzr+ssh://me@h/x", CollectKind::bzr, "bzr+ssh://me@h/x"},
      {"bzr+http://h/x", CollectKind::bzr, "bzr+http://h/x"},
      {"bzr+https://h/x", CollectKind::bzr, "bzr+https://h/x"},
      {"bzr+file:///x", CollectKind::bzr, "file:///x"},
      {"git://h/x", CollectKind::git, "git://h/x"},
      {"git+file:///srv/x", CollectKind::git, "file:///srv/x"},
      {"git+http://h/x", CollectKind::git, "http://h/x"},
      {"git+https://h/x/", CollectKind::git, "https://h/x/"},
      {"git+ssh://git@h:29418/x", CollectKind::git, "ssh://git@h:29418/x"},
      {"http://h/x.tar", CollectKind::http, "http://h/x.tar"},
      {"https://h/x?a=b", CollectKind::http, "https://h/x?a=b"},
      {"file:helper/lib", CollectKind::local, "helper/lib"},
      {"file:///srv/lib", CollectKind::local, "/srv/lib"},
      {"./helper", CollectKind::local, "helper"},
      {"/srv/lib", CollectKind::local, "/srv/lib"},
      {"cs:~a/trusty/b-12", CollectKind::charm, "cs:~a/trusty/b-12"},
      {"ch:amd64/jammy/b-12", CollectKind::charm, "ch:amd64/jammy/b-12"},
  };
  for (const auto& [source, kind, location] : table) {
    const auto line = one("x  " + source);
    CHECK(line.source == source);
    CHECK(line.kind == kind);
    CHECK(line.location == location);
  }
}

TEST_CASE("lines as people write them") {
  CHECK(one("ceph-mon   cs:~openstack-charmers-next/ceph-mon").destination == "ceph-mon");
  CHECK(one("x\tlp:~t/charms/trusty/x/next;revno=12").revno == "12");
  CHECK(one("x cs:~a/b;channel=edge  ").channel == "edge");
  CHECK(one("x ch:b;channel=2.9/stable").channel == "2.9/stable");
  CHECK(one("  charm-dir/ @").destination == "charm-dir");
  const auto git = one("x git+https://host/r/;branch=main,overwrite=True,depth=1");
  CHECK(git.location == "https://host/r/");
  CHECK(git.branch == "main");
  CHECK(git.overwrite);
  CHECK(git.depth == 1);
  CHECK(git.options == std::vector<std::pair<std::string, std::string>>{
                           {"branch", "main"}, {"overwrite", "True"}, {"depth", "1"}});
  CHECK(one("x @;overwrite=False").overwrite);  // only its presence counts
  CHECK(one("x git+https://h/x;revno=zesty").revno == "zesty");
  CHECK(one("x lp:x;lightweight=True").lightweight);
  CHECK_FALSE(one("x lp:x;lightweight=no").lightweight);
  CHECK(one("x /abs;method=hardlink").method == "hardlink");
  CHECK(one("x here").method == "copy");
  CHECK(one("x cs:a;base_url=https://store/x").base_url == "https://store/x");
  CHECK(one("x https://h/a;b;sha256=" + std::string(64, 'a')).location == "https://h/a;b");
}

TEST_CASE("what a collect file may not hold is told with line and column") {
  const std::vector<std::pair<std::string, std::string>> table{
      {"x", "collect:1:1: 'x' has no source; write `destination source`"},
      {" ../x @", "collect:1:2: destination '../x' may not hold"},
      {"/etc @", "collect:1:1: destination '/etc' is an absolute path"},
      {"-rf @", "collect:1:1: destination '-rf' has a part that starts with a dash"},
      {"a//b @", "collect:1:1: destination 'a//b' holds //"},
      {"x  y z", "collect:1:5: the source holds blanks"},
      {"x  -rf", "collect:1:4: '-rf' is no path"},
      {"x ../y", "collect:1:3: source '../y' may not hold"},
      {"x svn:y", "collect:1:3: 'svn:' is no kind of source"},
      {"x git+htps://h/x",
       "collect:1:3: 'git+htps:' is no kind of source; did you mean git+https:?"},
      {"x nosmart+git+https://h/x", "collect:1:3: 'nosmart+git+https:' is no kind of source"},
      {"x git+https:h/x", "collect:1:3: write git+https://host/path"},
      {"x git+ssh://-oProxyCommand=x/y", "collect:1:3: write git+ssh://host/path"},
      {"x git+file://h/x", "collect:1:3: write git+file:///path"},
      {"x lp:", "collect:1:3: nothing follows lp:"},
      {"x cs:a b", "the source holds blanks"},
      {"x cs:a/../b", "collect:1:3: 'a/../b' is no name of a charm"},
      {"x git+https://h/x;", "collect:1:18: there is nothing after the ;"},
      {"x ;a=b", "there is no source before the ;"},
      {"x git+https://h/x;branch", "collect:1:19: 'branch' is no option of the form key=value"},
      {"x git+https://h/x;branch=a=b", "collect:1:19: 'branch=a=b' is no option of the form"},
      {"x git+https://h/x;branch=a,", "collect:1:28: '' is no option of the form"},
      {"x git+https://h/x;branch=", "branch must be the name of a branch, not ''"},
      {"x git+https://h/x;branch=-x", "branch must be the name of a branch, not '-x'"},
      {"x git+https://h/x;depth=0", "depth must be a number from 1"},
      {"x git+https://h/x;revno=1,branch=2", "collect:1:19: revno and branch exclude each other"},
      {"x git+https://h/x;brnch=2", "collect:1:19: 'brnch' is no option; did you mean branch?"},
      {"x lp:x;branch=a",
       "'branch' is no option of a bzr source; it has: overwrite, revno, lightweight"},
      {"x @;branch=x", "'branch' is no option of a folder source"},
      {"x y;method=magic", "method must be copy, rsync, link or hardlink, not 'magic'"},
      {"x cs:a;channel=nightly", "channel must be"},
      {"x ch:a;base_url=https://h/", "base_url must be"},
      {"x cs:a;base_url=http://h/", "base_url must be"},
      {"x https://h/x;sha256=abc", "sha256 must be 64 small hex digits"},
      {"a/b @", "the folder of a/b is not in the file; add a line `a @`"},
  };
  for (const auto& [text, what] : table) CHECK_THAT(problem(text), Catch::Contains(what));
}

TEST_CASE("a password in a source is refused and not shown") {
  for (const std::string source : {"git+https://me:hunter2@h/x", "https://me:hunter2@h/x",
                                   "bzr+ssh://me:hunter2@h/x", "nope://me:hunter2@h/x"}) {
    const auto text = problem("x " + source);
    CHECK_THAT(text, Catch::Contains("a password may not stand"));
    CHECK_FALSE(text.contains("hunter2"));
  }
}

TEST_CASE("what works but is hardly meant is warned of") {
  auto parsed = parse("x https://h/x.git");
  CHECK(parsed.problems.empty());
  REQUIRE(parsed.warnings.size() == 1);
  CHECK(parsed.warnings[0].str() ==
        "collect:1:3: this downloads one file; for a repository write git+https");
  parsed = parse("x git+https://h/x;branch=a,branch=b");
  REQUIRE(parsed.warnings.size() == 1);
  CHECK(parsed.warnings[0].str() == "collect:1:28: branch is given again; the last value counts");
  CHECK(parsed.lines[0].branch == "b");
  CHECK(parse("x git://h/x").warnings.size() == 1);
}

TEST_CASE(
    "of two lines for one destination the later counts, with a warning, and parents come first") {
  const auto parsed = parse("# c\na/b/c @\n\na/b lp:x\na @\nx @\nx here\n");
  REQUIRE(parsed.problems.empty());
  REQUIRE(parsed.lines.size() == 4);
  std::vector<std::string> order;
  for (const auto& line : parsed.lines) order.push_back(line.destination);
  CHECK(order == std::vector<std::string>{"a", "x", "a/b", "a/b/c"});
  CHECK(parsed.lines[1].location == "here");
  CHECK(parsed.lines[1].line == 7);
  REQUIRE(parsed.warnings.size() == 1);
  CHECK(parsed.warnings[0].line == 7);
}

namespace {

template <class Container>
const auto& pick(const Container& from, std::mt19937& random) {
  return from[random() % from.size()];
}

/// A line that is often right and sometimes not.
std::string random_line(std::mt19937& random) {
  static const std::vector<std::string> destinations{"a",     "b",     "a/b",  "a/b/c", "b/x",
                                                     "größe", "a.b+c", "../a", "a/",    "x_y"};
  static const std::vector<std::string> blanks{" ", "  ", "\t", " \t "};
  static const std::vector<std::string> sources{
      "@",      "lp:~a/b", "git+https://h/x", "git+file:///x", "https://h/x;y", "here/there",
      "./here", "/abs",    "cs:~a/b",         "ch:b",          "nosmart+lp:x",  "svn:x",
      "@@",     "file:x",  "bzr://h/a:b"};
  static const std::vector<std::string> options{"revno=1",
                                                "branch=m",
                                                "overwrite=True",
                                                "depth=3",
                                                "lightweight=t",
                                                "method=link",
                                                "channel=edge",
                                                "revno=revid:a@b-1",
                                                "x=y",
                                                "asked=branch:m",
                                                "=",
                                                "sha256=" + std::string(64, '0')};
  auto text = pick(destinations, random) + pick(blanks, random) + pick(sources, random);
  const auto count = random() % 4;
  for (std::size_t i = 0; i < count; ++i) text += (i == 0 ? ';' : ',') + pick(options, random);
  return text + (random() % 5 == 0 ? " \n\n# comment\n" : "\n");
}

}  // namespace

TEST_CASE("what was read and printed reads back equal") {
  std::mt19937 random(7);
  std::size_t lines = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (auto i = random() % 8; i > 0; --i) text += random_line(random);
    const auto first = parse(text);
    const auto printed = print_collect_file(first.lines);
    const auto second = parse(printed);
    INFO(text);
    INFO(printed);
    REQUIRE(second.lines == first.lines);
    REQUIRE(print_collect_file(second.lines) == printed);
    REQUIRE((second.problems.empty() || !first.problems.empty()));
    lines += first.lines.size();
  }
  CHECK(lines > 2000);  // the lines that are right are not the exception
}

TEST_CASE("bytes of any kind are read without harm") {
  std::mt19937 random(11);
  const std::string letters = "a@;=,:/+.-# \t\nlpgithxs\xc3\xa9\0";
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (auto i = random() % 60; i > 0; --i) text += letters[random() % letters.size()];
    const auto parsed = parse(text);
    for (const auto& line : parsed.lines) REQUIRE_FALSE(line.destination.empty());
    REQUIRE(parse(print_collect_file(parsed.lines)).lines == parsed.lines);
  }
}

TEST_CASE("a long file is read in linear time") {
  const auto seconds = [](int count) {
    std::string text = "all @\n";
    for (int i = 0; i < count; ++i)
      text += "all/charm-" + std::to_string(i) + "  git+https://host.example/charms/" +
              std::to_string(i) + ";branch=main\n";
    const auto begun = std::chrono::steady_clock::now();
    const auto parsed = parse(text);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    REQUIRE(parsed.lines.size() == static_cast<std::size_t>(count) + 1);
    return took.count();
  };
  (void)seconds(1000);
  const auto small = seconds(10'000), large = seconds(100'000);
  INFO(small << " s for 10,000 lines, " << large << " s for 100,000");
  CHECK(large < 40 * small);  // quadratic would be 100 times
}
