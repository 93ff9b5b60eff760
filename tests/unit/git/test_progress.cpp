#include <catch2/catch.hpp>

#include <string>
#include <thread>
#include <vector>

#include "plugins/git/git_progress.hpp"
#include "tests/support/test_host.hpp"

using namespace cdctl;
using namespace cdctl::git;

TEST_CASE("git's percentages are a bar") {
  const auto of = [](std::string_view line) { return progress_of(line, "x").value_or("-"); };
  CHECK(of("Receiving objects:  45% (9/20), 1.20 MiB | 3.00 MiB/s") ==
        "[45/100] x: receiving objects");
  CHECK(of("remote: Counting objects: 100% (20/20), done.        ") ==
        "[100/100] x: counting objects");
  CHECK(of("Resolving deltas:   0% (0/7)") == "[0/100] x: resolving deltas");
  for (const auto* other :
       {"", "remote: Enumerating objects: 13643, done.", "fatal: early EOF", "a: 5", "a: x% (1/2)",
        "a: 101% (1/2)", "a: -1% (1/2)", "a: 99999999999999% (1/2)", "% (1/2)", "\x1b[2J: 5% (1/2)",
        "5% (1/2): a"})
    CHECK(of(other) == "-");
}

TEST_CASE("what git says in pieces is told once a second at most, the newest of it") {
  std::vector<std::string> told;
  GitProgress progress([&](std::string_view line) { told.emplace_back(line); }, "x");
  progress.hear("Receiving objects:  1% (1/100)\rReceiving obj");
  CHECK(told.empty());  // what is done in a moment is told of by nobody
  const auto later = GitProgress::Clock::now() + std::chrono::seconds(1);
  progress.hear(std::string(1 << 20, 'y'), later);
  CHECK(told == std::vector<std::string>{"[1/100] x: receiving objects"});
  progress.hear("\nReceiving objects:  2% (2/100)\rReceiving objects:  3", later);
  progress.hear("% (3/100)\r", later);
  CHECK(told.size() == 1);
  progress.hear("", later + std::chrono::seconds(1));
  CHECK(told.back() == "[3/100] x: receiving objects");
}

TEST_CASE("a host is told by one at a time") {
  const test::TempDir dir;
  test::TestHost host{dir.path()};
  const auto tell = teller_of(host);
  std::vector<std::jthread> all;
  for (int i = 0; i < 4; ++i)
    all.emplace_back([&] {
      for (int n = 0; n < 100; ++n) tell("[1/2] x");
    });
  all.clear();
  CHECK(host.logged.size() == 400);
}
