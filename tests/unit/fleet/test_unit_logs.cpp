#include <catch2/catch.hpp>

#include "core/fleet/unit_logs.hpp"
#include "tests/support/fake_service.hpp"

using namespace cdctl;
using namespace std::chrono_literals;
using cdctl::test::FakeService;

namespace {

std::vector<fleet::OpenLog> open(FakeService& thumbs, std::string_view word) {
  const auto selector = fleet::LogSelector::parse(word);
  REQUIRE(selector);
  auto logs = fleet::open_logs(thumbs.context, {*selector}, {}, Deadline(5s));
  REQUIRE(logs);
  return std::move(*logs);
}

}  // namespace

TEST_CASE("a unit is said behind a slash, by its number or its process") {
  const auto plain = fleet::LogSelector::parse("thumbs@newest");
  CHECK(plain->set == "thumbs@newest");
  CHECK(plain->wants({.unit = "3", .process = "web", .time = {}, .text = "x"}));
  const auto third = fleet::LogSelector::parse("thumbs-r5f0c1e9a2b/3");
  CHECK(third->set == "thumbs-r5f0c1e9a2b");
  CHECK(third->wants({.unit = "3", .process = "web", .time = {}, .text = "x"}));
  CHECK_FALSE(third->wants({.unit = "33", .process = "web", .time = {}, .text = "x"}));
  CHECK(fleet::LogSelector::parse("thumbs/web")
            ->wants({.unit = "3", .process = "web", .time = {}, .text = "x"}));
  for (const auto* bad : {"thumbs/", "thumbs/a b", "thumbs/0/1", "thumbs/../0"})
    CHECK(fleet::LogSelector::parse(bad).error().exit == ExitCode::usage);
}

TEST_CASE("an engine that has no logs to give says so, of each set that is meant") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  CHECK(open(thumbs, "thumbs@newest").empty());
  REQUIRE(thumbs.out.lines.size() == 1);
  CHECK(thumbs.out.lines[0] == set.str() + ": this engine has no logs of its units to give");
  CHECK(thumbs.context.exit_code() == static_cast<int>(ExitCode::config));
}

TEST_CASE("the logs of a set of another home are there") {
  FakeService thumbs;
  const auto set = thumbs.deploy('a', 2h);
  thumbs.engine.sets.erase(set.str());
  thumbs.entry(set).set->home = "web2:/var/lib/cdctl";
  CHECK(open(thumbs, set.str()).empty());
  REQUIRE(thumbs.out.lines.size() == 1);
  CHECK(thumbs.out.lines[0].contains("it lives in home web2:/var/lib/cdctl, where its logs are"));
}
