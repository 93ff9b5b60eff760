#include <catch2/catch.hpp>

#include <chrono>
#include <string>

#include "plugins/rabbit/broker/pattern.hpp"
#include "tests/support/show_result.hpp"

using namespace cdctl;
using namespace cdctl::rabbit;

TEST_CASE("a pattern means what the broker makes of it") {
  const auto yes = [](std::string_view pattern, std::string_view name) {
    const auto found = matches(pattern, name);
    REQUIRE(found);
    return *found;
  };
  CHECK(yes("", "thumbs"));
  CHECK(yes("^thumbs$", "thumbs"));
  CHECK_FALSE(yes("^thumbs$", "thumbs-dead"));
  CHECK(yes("umb", "thumbs"));
  CHECK(yes("^(?!amq\\.).*", "thumbs"));
  CHECK_FALSE(yes("^(?!amq\\.).*", "amq.gen-1"));
  CHECK(yes("^(?:thumbs|mails)\\z", "mails"));
  CHECK(yes("(?i)^THUMBS", "thumbs"));
  CHECK(yes("^[[:lower:]]+(?<!-dead)$", "thumbs"));
  CHECK(yes("^th..mbs$", "th\xc3\xbcmbs"));  // bytes, as the broker counts them
  CHECK_FALSE(yes("^$", std::string_view("\0", 1)));
}

TEST_CASE("an evil pattern ends soon, and is no answer") {
  const auto [pattern, name] = GENERATE(
      std::pair<std::string, std::string>("^(a+)+$", std::string(60, 'a') + "!"),
      std::pair<std::string, std::string>("^(a|a)*$", std::string(200, 'a') + "!"),
      std::pair<std::string, std::string>("(.*)*(.*)*(.*)*[xy]", std::string(250, 'a')),
      std::pair<std::string, std::string>("^(?:.|\\n)*?(?:.|\\n)*?(?:.|\\n)*?z$",
                                          std::string(60'000, 'a')),
      std::pair<std::string, std::string>("(?R)", "a"),
      std::pair<std::string, std::string>("(a(?1)b|)+[cd]", std::string(200'000, 'a')),
      std::pair<std::string, std::string>(std::string(10'000, '('), "a"),
      std::pair<std::string, std::string>("((((a{1,1000}){1,1000}){1,1000}){1,1000})", "a"),
      std::pair<std::string, std::string>(std::string(2'000'000, 'a'), "a"),
      std::pair<std::string, std::string>("[", "a"),
      std::pair<std::string, std::string>("(*UTF)\xff", "a"));
  CAPTURE(pattern.substr(0, 60));
  const auto begun = std::chrono::steady_clock::now();
  const auto found = matches(pattern, name);
  CHECK(std::chrono::steady_clock::now() - begun < std::chrono::seconds(2));
  REQUIRE_FALSE(found);
  CHECK(found.error().what.starts_with("the pattern "));
  CHECK(found.error().what.size() < 400);
}
