#include <catch2/catch.hpp>

#include "core/fleet/rule_book.hpp"

using namespace cdctl;

TEST_CASE("the line of a rule in its file is found") {
  const std::string file = "[breaker]\nrules = [\n  'errors >= 5',\n  \"errors >= x\",\n]\n";
  CHECK(fleet::line_of_rule(file, "errors >= x") == ":4");
  CHECK(fleet::line_of_rule(file, "errors >= 5") == ":3");
  CHECK(fleet::line_of_rule(file, "errors >= 6").empty());
}
