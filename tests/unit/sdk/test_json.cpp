#include <catch2/catch.hpp>

#include <cdctl/json.hpp>

#include "tests/support/memory_use.hpp"

using namespace cdctl;

TEST_CASE("JSON keeps what it is given") {
  const std::string text = R"({"b":1,"a":[true,null,-2.5,"\u00e4\n"],"z":{"":9007199254740993}})";
  const auto json = Json::parse(text);
  REQUIRE(json);
  CHECK(Json::parse(json->dump())->dump() == json->dump());
  CHECK((*json)["z"][""].as_int() == 9007199254740993);
  CHECK(json->canonical().starts_with(R"({"a":)"));
  for (const auto* bad : {"", "{", "{}x", "[1,]", "nul", "\"\x01\"", "{\"a\":1 \"b\":2}"})
    CHECK_FALSE(Json::parse(bad));
  CHECK(Json("a\xffz").dump() == "\"a\xef\xbf\xbdz\"");
}

TEST_CASE("JSON keeps the digits of every number") {
  for (const std::string number : {"0",
                                   "-0",
                                   "-1",
                                   "9007199254740993",
                                   "9223372036854775807",
                                   "-9223372036854775808",
                                   "9223372036854775808",
                                   "18446744073709551615",
                                   "18446744073709551616",
                                   "123456789012345678901234567890",
                                   "-123456789012345678901234567890",
                                   "0.1",
                                   "1.0",
                                   "-0.0",
                                   "0.1000000000000000055",
                                   "1e3",
                                   "1E+3",
                                   "1e-3",
                                   "1e400",
                                   "-1e400",
                                   "1e-400",
                                   "12345678901234567890.5e-7",
                                   "2.50",
                                   "1e0000001",
                                   "4.9e-324"}) {
    CAPTURE(number);
    const auto text = "{\"a\":" + number + ",\"b\":[" + number + ",{\"-1\":" + number +
                      "},\"1e400 \\\" 2.50\",7],\"c\":2.5}";
    const auto json = Json::parse(text);
    REQUIRE(json);
    CHECK(json->dump() == text);
    CHECK((*json)["a"].is_number());
    CHECK(Json(*json) == *json);
    CHECK((*json)["b"].items()[3].as_int() == 7);
    CHECK((*json)["c"].as_double() == 2.5);
    const auto alone = Json::parse(number);
    REQUIRE(alone);
    CHECK(alone->dump() == number);
  }
}

TEST_CASE("a number that JSON does not have is no number") {
  for (const std::string number : {"01", "-", "+1", ".5", "1.", "1e", "1e+", "--1", "0x10", "1_0",
                                   "-01", "1e400x", "Infinity", "1 2", "1.2.3"}) {
    CAPTURE(number);
    CHECK_FALSE(Json::parse(number));
    CHECK_FALSE(Json::parse("{\"a\":[1.0," + number + "],\"b\":1e400}"));
  }
}

TEST_CASE("a number that is kept by its digits has a value, where there is one") {
  const auto value = [](const char* text) { return *Json::parse(text); };
  CHECK(value("1.0").as_int() == 1);
  CHECK(value("1e3").as_double() == 1000);
  CHECK(value("-0").as_int(5) == 0);
  CHECK(value("18446744073709551615").as_double() == 18446744073709551615.0);
  CHECK(value("18446744073709551615").as_int(-5) == -5);
  CHECK_FALSE(value("18446744073709551615").is_int());
  CHECK(value("1e400").as_double(-5) == -5);
  CHECK(value("1e400").as_int(-5) == -5);
  CHECK(Json("1e3").as_int(-5) == -5);
  CHECK(Json(18446744073709551615U).dump() == "18446744073709551615");
  CHECK(Json(std::size_t{7}).is_int());
}

TEST_CASE("what is short as a text and large as a tree is refused, and so is what is deep") {
  const auto repeated = [](std::string_view what, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += what;
    return out;
  };
  const auto growth = test::peak_growth([&] {
    for (const auto* item : {"0,", "[],", "{},", "\"\","})
      CHECK(Json::parse("[" + repeated(item, 4'000'000) + "0]").error().what ==
            "more than 1000000 values");
    CHECK(Json::parse(R"({"a":[)" + repeated(R"({"":0},)", 1'100'000) + "0]}").error().what ==
          "more than 1000000 values");
    for (const auto* open : {"[", R"({"a":)", R"([{"a":)"})
      CHECK_FALSE(Json::parse(repeated(open, 100'000)));
    CHECK_FALSE(Json::parse(repeated("[", 100'000) + repeated("]", 100'000)));
  });
  CHECK(growth < 64);
  CHECK(Json::parse("[" + repeated("0,", 900'000) + "0]"));
  CHECK(Json::parse(repeated("[", 1000) + repeated("]", 1000)));
  CHECK(Json::parse("\"" + repeated("x", 8u << 20) + "\""));
  // Beside the text itself, no more than twice of it: what is read, and what the reader notes.
  const auto large = "[\"" + repeated("x", 16u << 20) + "\"]";
  CHECK(test::peak_growth([&] { CHECK(Json::parse(large)); }) < 40);
  CHECK(Json::parse("\"" + std::string(65u << 20, 'x') + "\"").error().what ==
        "longer than 67108864 bytes");
}
