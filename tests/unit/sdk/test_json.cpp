#include <catch2/catch.hpp>

#include <cdctl/json.hpp>

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
