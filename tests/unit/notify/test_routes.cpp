#include <catch2/catch.hpp>

#include "core/notify/routes.hpp"

using namespace cdctl;
using notify::Routes;

namespace {

Result<Routes> routes(std::string_view json) {
  Config config;
  config.file = "cdctl.toml";
  config.table = Json::object({{"notify", Json::object({{"routes", *Json::parse(json)}})}});
  return Routes::read(config);
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
  const auto none = *Routes::read(Config());
  CHECK(none.sends("pagerduty", outcome("break")) == std::nullopt);
  CHECK(routes(R"([{"to":["pagerduty"]}])")->sends("webhook", outcome("break")) == std::nullopt);
}

TEST_CASE("a receiver gets what any of its routes says, and nothing else") {
  const auto some = *routes(
      R"([{"to":["pagerduty"],"services":["thumbs","web-*"],"actions":["break","mend"]},
          {"to":["pagerduty","webhook:chat"],"actions":["land"]}])");
  CHECK(some.sends("pagerduty", outcome("break")) == true);
  CHECK(some.sends("pagerduty", outcome("break", "web-shop")) == true);
  CHECK(some.sends("pagerduty", outcome("break", "other")) == false);
  CHECK(some.sends("pagerduty", outcome("deploy")) == false);
  CHECK(some.sends("pagerduty", outcome("land", "other")) == true);
  CHECK(some.sends("webhook:chat", outcome("break")) == false);
}

TEST_CASE("a severity is this and worse, and the end of each condition") {
  const auto loud = *routes(R"([{"to":["pagerduty"],"severity":"error"}])");
  CHECK(loud.sends("pagerduty", outcome("break")) == true);
  CHECK(loud.sends("pagerduty", outcome("mend")) == true);
  CHECK(loud.sends("pagerduty", outcome("land")) == false);
}

TEST_CASE("what is no route is refused with its number and its key") {
  const auto error = [](std::string_view json) {
    const auto read = routes(json);
    REQUIRE_FALSE(read);
    CHECK(read.error().exit == ExitCode::config);
    return read.error().what;
  };
  CHECK(error(R"([{"to":["a"]},{"too":["b"]}])").find("entry 2: unknown key 'too'") !=
        std::string::npos);
  CHECK(error(R"([{"services":["a"]}])").find("names no receiver") != std::string::npos);
  CHECK(error(R"([{"to":["a"],"records":["outcomes"]}])").find("did you mean outcome") !=
        std::string::npos);
  CHECK(error(R"([{"to":["a"],"severity":"loud"}])").find("severity") != std::string::npos);
  CHECK(error(R"([{"to":[]}])").find("list of text") != std::string::npos);
  CHECK(error(R"([1])").find("must be a table") != std::string::npos);
  CHECK(error(R"({"to":"a"})").find("list of tables") != std::string::npos);
}
