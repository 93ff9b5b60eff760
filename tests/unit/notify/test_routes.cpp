#include <catch2/catch.hpp>

#include <cdctl/notice.hpp>

#include "core/notify/routes.hpp"

using namespace cdctl;
using notify::Routes;
using notify::Share;

namespace {

Routes routes(std::string_view json) {
  Config config;
  config.file = "cdctl.toml";
  config.table = Json::object({{"notify", Json::object({{"routes", *Json::parse(json)}})}});
  return Routes::read(config);
}

std::vector<notify::RouteProblem> problems_of(std::string_view json) {
  return notify::route_problems(*Json::parse(json));
}

Json outcome(std::string_view action, std::string_view service = "thumbs") {
  return Json::object({{"schema", "cdctl.outcome/1"},
                       {"action", action},
                       {"service", service},
                       {"set", std::string(service) + "-r0000000001"},
                       {"ok", true},
                       {"changed", true}});
}

}  // namespace

TEST_CASE("without a route a receiver is not said anything of") {
  const auto none = Routes::read(Config());
  CHECK(none.share_of("pagerduty", outcome("break")) == std::nullopt);
  CHECK(routes(R"([{"to":["pagerduty"]}])").share_of("webhook", outcome("break")) == std::nullopt);
}

TEST_CASE("a receiver gets what any of its routes says, and nothing else") {
  const auto some = routes(
      R"([{"to":["pagerduty"],"services":["thumbs","web-*"],"actions":["break","mend"]},
          {"to":["pagerduty","webhook:chat"],"actions":["land"]}])");
  CHECK(some.share_of("pagerduty", outcome("break")) == Share::whole);
  CHECK(some.share_of("pagerduty", outcome("break", "web-shop")) == Share::whole);
  CHECK(some.share_of("pagerduty", outcome("break", "other")) == Share::none);
  CHECK(some.share_of("pagerduty", outcome("deploy")) == Share::none);
  CHECK(some.share_of("pagerduty", outcome("land", "other")) == Share::whole);
  CHECK(some.share_of("webhook:chat", outcome("break")) == Share::none);
}

TEST_CASE("a severity is this and worse, and the end of each condition") {
  const auto loud = routes(R"([{"to":["pagerduty"],"severity":"error"}])");
  CHECK(loud.share_of("pagerduty", outcome("break")) == Share::whole);
  CHECK(loud.share_of("pagerduty", outcome("mend")) == Share::whole);
  CHECK(loud.share_of("pagerduty", outcome("land")) == Share::none);
}

TEST_CASE("what may be the end of something is for those who keep conditions, and no news") {
  const auto loud = routes(R"([{"to":["pagerduty"],"severity":"error"}])");
  for (const char* action : {"deploy", "reap"}) {
    INFO(action);
    CHECK(loud.share_of("pagerduty", outcome(action)) == Share::ends);
  }
  auto ends = outcome("deploy");
  CHECK(notices_of(ends).size() == 2);
  ends.set("ends_only", true);
  REQUIRE(notices_of(ends).size() == 1);
  CHECK(notices_of(ends).front().over);
  auto failed = outcome("deploy");
  failed.set("ok", false).set("error", "no disk");
  CHECK(loud.share_of("pagerduty", failed) == Share::whole);
}

TEST_CASE("a record that names only its set is its service's") {
  const auto thumbs = routes(R"([{"to":["pagerduty"],"services":["thumbs"]}])");
  auto record = outcome("break");
  record.erase("service");
  CHECK(thumbs.share_of("pagerduty", record) == Share::whole);
  record.set("set", "thumbs-web-r0000000001");
  CHECK(thumbs.share_of("pagerduty", record) == Share::none);
  record.set("service", Json());
  CHECK(thumbs.share_of("pagerduty", record) == Share::none);
  record.set("set", "thumbs-r0000000001").set("action", "deploy").set("ok", false);
  CHECK(notices_of(record).front().service == "thumbs");
  CHECK(notices_of(record).front().key == "deploy/thumbs");
}

TEST_CASE("a severity may be a number, as syslog counts") {
  const auto three = routes(R"([{"to":["pagerduty"],"severity":3}])");
  CHECK(three.share_of("pagerduty", outcome("break")) == Share::whole);
  CHECK(three.share_of("pagerduty", outcome("land")) == Share::none);
  CHECK(problems_of(R"([{"to":["pagerduty"],"severity":9}])").size() == 1);
}

TEST_CASE("a route of signals brings a chat the warnings that it does not get by itself") {
  const auto chat =
      routes(R"([{"to":["webhook:chat"],"records":["signal"],"severity":"warning"}])");
  const auto signal = [](std::string_view severity) {
    return Json::object({{"schema", "cdctl.signal/1"},
                         {"set", "thumbs-r0000000001"},
                         {"signal", "oops"},
                         {"severity", severity}});
  };
  for (const char* severity : {"warning", "error", "critical"})
    CHECK(chat.share_of("webhook:chat", signal(severity)) == Share::whole);
  for (const char* severity : {"debug", "info"})
    CHECK(chat.share_of("webhook:chat", signal(severity)) == Share::none);
  CHECK(chat.share_of("webhook:chat", outcome("break")) == Share::none);
  CHECK(chat.share_of("webhook", signal("warning")) == std::nullopt);
}

TEST_CASE("what is no route is named with its key") {
  const auto error = [](std::string_view json) {
    const auto problems = problems_of(json);
    REQUIRE_FALSE(problems.empty());
    return problems.front().what;
  };
  CHECK(error(R"([{"to":["a"]},{"too":["b"]}])").contains("unknown key 'too'"));
  CHECK(error(R"([{"services":["a"]}])").contains("names no receiver"));
  CHECK(error(R"([{"to":["a"],"records":["outcomes"]}])").contains("did you mean outcome"));
  CHECK(error(R"([{"to":["a"],"severity":"loud"}])").contains("severity"));
  CHECK(error(R"([{"to":["a"],"actions":["deplyo"]}])").contains("did you mean deploy"));
  CHECK(error(R"([{"to":[]}])").contains("list of text"));
  CHECK(error(R"([1])").contains("must be a table"));
}

TEST_CASE("a route that is wrong silences nobody: whom it names gets what is for it") {
  const auto some = routes(
      R"([{"to":["pagerduty"],"actions":["deplyo"]},
          {"to":["pagerduty","webhook:chat"],"actions":["land"]}])");
  CHECK(some.share_of("pagerduty", outcome("break")) == std::nullopt);
  CHECK(some.share_of("webhook:chat", outcome("land")) == Share::whole);
  CHECK(some.share_of("webhook:chat", outcome("break")) == Share::none);
  CHECK(routes(R"({"to":"a"})").share_of("a", outcome("break")) == std::nullopt);
}

TEST_CASE("all that is wrong with routes is told, each with its entry and key") {
  const auto problems = notify::route_problems(*Json::parse(
      R"([{"to":["pagerduty"]},
          {"to":["x"],"services":[],"severity":"eror","actions":["deplyo","mend"],"sevrity":1},
          7])"));
  std::vector<std::string> found;
  for (const auto& problem : problems)
    found.push_back(std::to_string(problem.entry) + " " + problem.key);
  CHECK(found ==
        std::vector<std::string>{"1 sevrity", "1 services", "1 actions", "1 severity", "2 "});
  CHECK(problems[2].what.contains("no action 'deplyo'; did you mean deploy"));
}
