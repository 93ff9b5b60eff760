#include <catch2/catch.hpp>

#include <cdctl/min_live.hpp>

using namespace cdctl;

TEST_CASE("min_live is units or a percentage, and the same after writing it down") {
  for (const auto& json : {Json(0), Json(3), Json("0%"), Json("50%"), Json("100%")}) {
    const auto read = min_live_from_json(json);
    REQUIRE(read);
    CHECK(to_json(*read).dump() == json.dump());
  }
  CHECK(min_live_from_json(Json("50%"))->needed(5) == 3);
  for (const auto& json : {Json(-1), Json("%"), Json("101%"), Json("-5%"), Json("5"), Json("5 %"),
                           Json("1e1%"), Json(true), Json()})
    CHECK_FALSE(min_live_from_json(json));
}
