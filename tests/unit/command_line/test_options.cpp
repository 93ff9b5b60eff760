#include <catch2/catch.hpp>

#include "cli/command_line/options.hpp"

using namespace cdctl;
using namespace cdctl::cli;
using namespace std::chrono_literals;

namespace {

Arguments given(const std::string& value) { return {{}, {{"keep", {value}}}}; }

}  // namespace

TEST_CASE("a duration that is not given is the usual one") {
  CHECK(*duration_option({}, "keep", 3s) == 3s);
  CHECK(*duration_option(given("10m"), "keep", 3s) == 10min);
  const auto bad = duration_option(given("soon"), "keep", 3s);
  REQUIRE_FALSE(bad);
  CHECK(bad.error().exit == ExitCode::usage);
  CHECK(bad.error().what.starts_with("--keep: "));
}

TEST_CASE("a number is whole, and from 0") {
  CHECK(*number_option({}, "keep", 7) == 7);
  CHECK(*number_option(given("0"), "keep", 7) == 0);
  CHECK(*number_option(given("12"), "keep", 7) == 12);
  for (const auto* bad : {"-1", "1.5", "x", "12x", "", "99999999999999999999"})
    CHECK(number_option(given(bad), "keep", 7).error().exit == ExitCode::usage);
}
